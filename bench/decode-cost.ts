import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { VARIANT_FORMATS, variantSpecsOf } from '../src/domain/variants.ts'
import { startChild, type ImageChild } from '../src/infra/image/image-child.ts'
import type { JobName } from '../src/infra/image/jobs.ts'
import { sharp } from '../src/infra/image/sharp.ts'
import { photoJpeg } from './photo.ts'

/*
 * Prints the table of docs/media.md, What is accepted: what one original of 12 megapixels of each format takes of a child.
 * `node bench/decode-cost.ts [photo.heic]`: nothing here writes HEVC, so that a HEIC has to be given. It compares nothing, so it is
 * none of the benchmarks.
 */

const SIZE = { width: 4000, height: 3000 }
const MB = 1e6
const LIMITS = { addressSpaceBytes: 2.5e9, cpuSeconds: 600 }
const INSPECTION = { maxBytes: 200 * 2 ** 20, maxPixels: 50_000_000 }

const photo = await photoJpeg(SIZE.width, SIZE.height)
const { data, info } = await sharp(photo).raw().toBuffer({ resolveWithObject: true })
const pixels = () => sharp(data, { raw: { width: info.width, height: info.height, channels: info.channels } })

const ORIGINALS: [name: string, contentType: string, make: () => Promise<Buffer>][] = [
  ['JPEG, baseline', 'image/jpeg', async () => photo],
  ['JPEG, progressive', 'image/jpeg', () => pixels().jpeg({ quality: 90, progressive: true }).toBuffer()],
  ['PNG, 8 bit', 'image/png', () => pixels().png({ compressionLevel: 3 }).toBuffer()],
  ['PNG, 16 bit', 'image/png', () => pixels().toColourspace('rgb16').png({ compressionLevel: 1 }).toBuffer()],
  ['WebP', 'image/webp', () => pixels().webp({ effort: 2 }).toBuffer()],
  ['AVIF', 'image/avif', () => pixels().avif({ effort: 0 }).toBuffer()],
  ['GIF', 'image/gif', () => pixels().gif({ effort: 1 }).toBuffer()],
  ['TIFF, LZW', 'image/tiff', () => pixels().tiff({ compression: 'lzw' }).toBuffer()],
]
const heic = process.argv[2]
if (heic) ORIGINALS.push(['HEIC', 'image/heic', () => readFile(heic)])

const folder = await mkdtemp(join(tmpdir(), 'darkroom-cost-'))
const print = (line: string): void => void process.stdout.write(`${line}\n`)

try {
  // Outside of all sandboxes, which take their own time to start.
  const idle = await measured('inspectOriginal', await file(await pixels().resize(8, 8).png().toBuffer()), {
    declaredContentType: 'image/png',
    ...INSPECTION,
  })
  print(`An idle child: ${Math.round(idle.peakBytes / MB)} MB`)
  print('| original | bytes | inspected | all variants | memory |')
  print('| --- | --- | --- | --- | --- |')
  for (const [name, declaredContentType, make] of ORIGINALS) {
    const bytes = await make()
    const path = await file(bytes)
    const specs = variantSpecsOf(SIZE)
    const deferred = specs.filter(({ format }) => VARIANT_FORMATS[format].isDeferred)
    const first = specs.filter((spec) => !deferred.includes(spec))
    const inspection = await measured('inspectOriginal', path, { declaredContentType, ...INSPECTION })
    const rendering = await measured('renderVariants', path, { specs: first })
    const avif = await measured('renderVariants', path, { specs: deferred })
    const seconds = rendering.cpuSeconds + avif.cpuSeconds
    const peakBytes =
      Math.max(...[inspection, rendering, avif].map((cost) => cost.peakBytes)) - idle.peakBytes
    print(
      `| ${name} | ${(bytes.length / MB).toFixed(1)} MB | ${Math.round(inspection.cpuSeconds * 1_000)} ms | ${seconds.toFixed(1)} s | ${Math.round(peakBytes / MB)} MB |`,
    )
  }
} finally {
  await rm(folder, { recursive: true })
}

async function file(bytes: Buffer): Promise<string> {
  const path = join(folder, crypto.randomUUID())
  await writeFile(path, bytes)
  return path
}

interface Cost {
  peakBytes: number
  cpuSeconds: number
}

/** The second job of a fresh child: libraries are loaded and code is compiled then, as in a child that has worked for a while. */
async function measured(job: JobName, path: string, options: unknown): Promise<Cost> {
  const costs: Cost[] = []
  const small = await file(await pixels().resize(8, 8).png().toBuffer())
  const child = await startChild('plain', { slot: 0, folder, limits: LIMITS })
  try {
    const warmUp = job === 'inspectOriginal' ? { declaredContentType: 'image/png', ...INSPECTION } : {}
    costs.push(await work(child, job, small, warmUp), await work(child, job, path, options))
  } finally {
    await child.end()
  }
  return { peakBytes: costs[1]!.peakBytes, cpuSeconds: costs[1]!.cpuSeconds - costs[0]!.cpuSeconds }
}

async function work(child: ImageChild, job: JobName, path: string, options: unknown): Promise<Cost> {
  const end = await child.work(
    { job, file: path, options },
    { cpuSeconds: 600, wallSeconds: 600 },
    { onWants: async () => undefined, onPart: () => undefined },
  )
  if (!end.ok) throw new Error(`${job}: ${end.error.message}`)
  return end
}
