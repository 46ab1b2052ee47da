import { copyFile, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from './run.ts'

/** Darkroom's index template and clean-up need these; the distribution on Maven Central has only transport. */
const modules = [
  {
    name: 'analysis-common',
    classname: 'org.opensearch.analysis.common.CommonAnalysisModulePlugin',
    jars: ['analysis-common-'],
  },
  {
    name: 'mapper-extras',
    classname: 'org.opensearch.index.mapper.MapperExtrasModulePlugin',
    jars: ['mapper-extras-client-'],
  },
  { name: 'geo', classname: 'org.opensearch.geo.GeoModulePlugin', jars: ['geo-'] },
  {
    name: 'reindex',
    classname: 'org.opensearch.index.reindex.ReindexModulePlugin',
    jars: [
      'reindex-client-',
      'opensearch-rest-client-',
      'opensearch-ssl-config-',
      'httpclient5-',
      'httpcore5-',
    ],
  },
]

/** Unpacks the jars that Maven copied to `jarsDir` into a runnable OpenSearch at `home`. */
export async function assembleOpensearch(jarsDir: string, home: string): Promise<void> {
  const jars = await readdir(jarsDir)
  const zip = jars.find((name) => /^opensearch-\d.*\.zip$/.test(name))
  const version = zip?.match(/^opensearch-(.+)\.zip$/)?.[1]
  if (!zip || !version) throw new Error(`no OpenSearch distribution among ${jars.join(', ')}`)

  const unpacked = join(home, '..', 'opensearch-unpacked')
  // Python's zipfile, as a fresh Debian has no unzip. It loses exec bits, but the JVM is started without the scripts.
  await run('python3', ['-m', 'zipfile', '-e', join(jarsDir, zip), unpacked])
  await rename(join(unpacked, `opensearch-${version}`), home)
  await rm(unpacked, { recursive: true })
  // Nothing speaks gRPC to it; without gRPC it starts sooner and listens on one port less.
  await rm(join(home, 'modules', 'transport-grpc'), { recursive: true, force: true })
  await mkdir(join(home, 'logs'), { recursive: true })
  await mkdir(join(home, 'plugins'), { recursive: true })

  // Without ICU's own locale data, index creation fails on the Thai segmentation that the JDK lacks.
  for (const jar of jars.filter((name) => name.startsWith('icu4j')))
    await copyFile(join(jarsDir, jar), join(home, 'lib', jar))

  for (const module of modules) {
    const folder = join(home, 'modules', module.name)
    await mkdir(folder, { recursive: true })
    for (const jar of jars.filter((name) => module.jars.some((prefix) => name.startsWith(prefix)))) {
      await copyFile(join(jarsDir, jar), join(folder, jar))
    }
    await writeFile(join(folder, 'plugin-descriptor.properties'), descriptor(module, version))
  }
}

function descriptor(module: { name: string; classname: string }, version: string): string {
  return [
    `name=${module.name}`,
    `description=${module.name} module`,
    `version=${version}`,
    `opensearch.version=${version}`,
    'java.version=21',
    `classname=${module.classname}`,
    '',
  ].join('\n')
}
