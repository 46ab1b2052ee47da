import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { VARIANT_SPECS, type VariantSpec } from '../src/domain/variants.ts'
import { inspectOriginal } from '../src/infra/image/inspect.ts'
import { renderVariants } from '../src/infra/image/render.ts'
import { sharp } from '../src/infra/image/sharp.ts'
import type { Benchmark, Comparison, Contender, Finding, Sample, Trial } from './harness.ts'
import { startCpuMeter } from './machine.ts'
import { photoJpeg } from './photo.ts'
import { ssim } from './ssim.ts'
import { startThumbor, thumborVersion, type Thumbor } from './thumbor.ts'

/** Encoded variants of one photo, by names such as `thumb_200.jpeg`. */
type Variants = Map<string, Buffer>
type Maker = (paths: readonly string[]) => Promise<Variants[]>

const photoCount = 3
const jpegSpecs = VARIANT_SPECS.filter(({ format }) => format === 'jpeg')
/** How much similarity ours may lose against the naive way. */
const similarityLoss = 0.005
const bytesRatio = 1.1

/** Of AVIF: where the default effort is about as similar to the truth as ours is with the lowest effort and 62. */
const naiveQuality = { jpeg: 80, webp: 80, avif: 50 }

const perCoreSecond = { figure: 'photosPerCoreSecond', unit: 'photos per core-second' }
const bytesPerPhoto = { figure: 'bytesPerPhoto', unit: 'bytes of variants per photo' }

export const images: Benchmark = {
  name: 'images',
  summary: `Variants of ${photoCount} 12-megapixel JPEGs, one photo after the other.`,
  open,
}

async function open(): Promise<Trial> {
  const folder = await mkdtemp(join(tmpdir(), 'darkroom-bench-'))
  const paths = await writePhotos(folder)
  const made = new Map<string, Variants[]>()
  const contender = (
    name: string,
    setting: string,
    make: Maker,
    serverPids: readonly number[] = [],
  ): Contender => ({
    name,
    setting,
    measure: async () => {
      const { sample, results } = await measure(make, paths, serverPids)
      made.set(name, results)
      return sample
    },
  })
  const contenders = [
    contender(
      'darkroom',
      'renderVariants: all sizes and formats, settings of src/domain/variants.ts',
      (all) => oneByOne(all, ours(VARIANT_SPECS)),
    ),
    contender('naive sharp', 'a decode per variant, default effort, quality 80 and for AVIF 50', (all) =>
      oneByOne(all, naive),
    ),
    contender('darkroom, JPEG', 'renderVariants: all sizes, JPEG', (all) => oneByOne(all, ours(jpegSpecs))),
    contender('inspect', 'inspectOriginal alone', (all) => oneByOne(all, inspect)),
  ]
  const comparisons: Comparison[] = [
    {
      ...perCoreSecond,
      ours: 'darkroom',
      reference: 'naive sharp',
      goal: { of: 'ratio', atLeast: 4 },
    },
    { figure: 'msPerPhoto', unit: 'ms per photo', ours: 'darkroom', reference: 'naive sharp' },
    {
      ...bytesPerPhoto,
      ours: 'darkroom',
      reference: 'naive sharp',
      goal: { of: 'ratio', atMost: bytesRatio },
    },
    { figure: 'msPerPhoto', unit: 'ms per photo', ours: 'inspect' },
  ]
  const version = vipsthumbnailVersion()
  if (version) {
    const setting = `${version}, each size from the original, all photos in one call a size, Q=80, optimised, progressive`
    contenders.push(contender('vipsthumbnail', setting, (all) => vipsthumbnail(all)))
    const pair = { ours: 'darkroom, JPEG', reference: 'vipsthumbnail' }
    comparisons.push(
      { ...perCoreSecond, ...pair, goal: { of: 'ratio', atLeast: 1.5 } },
      { ...bytesPerPhoto, ...pair },
    )
  }
  const thumbor = thumborVersion()
  const server = thumbor ? await startThumbor(folder) : undefined
  if (server) {
    const setting = `${thumbor}, one process, a request for each size of each photo, from files, quality 80`
    contenders.push(contender('thumbor', setting, (all) => byThumbor(server, all), [server.pid]))
    const pair = { ours: 'darkroom, JPEG', reference: 'thumbor' }
    comparisons.push(
      { ...perCoreSecond, ...pair, goal: { of: 'ratio', atLeast: 2 } },
      { ...bytesPerPhoto, ...pair },
    )
  }
  return {
    conditions: {
      photos: `${photoCount} generated, 4000 × 3000, quality 90, one in three turned by EXIF`,
      libvips: sharp.versions.vips ?? 'unknown',
      ...(!version && { 'vipsthumbnail (Debian libvips-tools)': 'not installed, not compared' }),
      ...(!thumbor && { 'thumbor (PyPI)': 'not installed, not compared' }),
    },
    contenders,
    comparisons,
    verify: () => verify(paths, made),
    close: async () => {
      await server?.stop()
      await rm(folder, { recursive: true })
    },
  }
}

async function writePhotos(folder: string): Promise<string[]> {
  const paths: string[] = []
  for (let seed = 1; seed <= photoCount; seed++) {
    const photo = await photoJpeg(4000, 3000, { seed, orientation: seed % 3 === 0 ? 6 : 1 })
    paths.push(join(folder, `${seed}.jpg`))
    await writeFile(paths.at(-1)!, photo)
  }
  return paths
}

async function measure(
  make: Maker,
  paths: readonly string[],
  serverPids: readonly number[],
): Promise<{ sample: Sample; results: Variants[] }> {
  const cpuSeconds = startCpuMeter(serverPids)
  const start = performance.now()
  const results = await make(paths)
  const ms = performance.now() - start
  const bytes = results
    .flatMap((variants) => [...variants.values()])
    .reduce((sum, data) => sum + data.length, 0)
  const sample = {
    photosPerCoreSecond: paths.length / cpuSeconds(),
    msPerPhoto: ms / paths.length,
    bytesPerPhoto: bytes / paths.length,
  }
  return { sample, results }
}

async function oneByOne(
  paths: readonly string[],
  make: (path: string) => Promise<Variants>,
): Promise<Variants[]> {
  const results: Variants[] = []
  for (const path of paths) results.push(await make(path))
  return results
}

function ours(specs: readonly VariantSpec[]): (path: string) => Promise<Variants> {
  return async (path) => {
    const results = await renderVariants(path, { specs })
    return new Map(
      results.map((result) => {
        if (!result.ok) throw result.error
        return [keyOf(result), result.data]
      }),
    )
  }
}

/** The first attempt that most people would write: a pipeline from file to file for each variant, all at once. */
async function naive(path: string): Promise<Variants> {
  const entries = VARIANT_SPECS.map(async (spec): Promise<[string, Buffer]> => {
    const resized = sharp(path)
      .autoOrient()
      .resize({ ...spec.box, fit: 'inside', withoutEnlargement: true })
    return [
      keyOf(spec),
      await resized.toFormat(spec.format, { quality: naiveQuality[spec.format] }).toBuffer(),
    ]
  })
  return new Map(await Promise.all(entries))
}

async function inspect(path: string): Promise<Variants> {
  const limits = { maxBytes: 50_000_000, maxPixels: 50_000_000 }
  await inspectOriginal(path, { declaredContentType: 'image/jpeg', ...limits })
  return new Map()
}

function keyOf({ variant, format }: Pick<VariantSpec, 'variant' | 'format'>): string {
  return `${variant}.${format}`
}

function vipsthumbnailVersion(): string | undefined {
  const { status, stdout } = spawnSync('vipsthumbnail', ['--vips-version'], { encoding: 'utf8' })
  return status === 0 ? stdout.trim() : undefined
}

async function vipsthumbnail(paths: readonly string[]): Promise<Variants[]> {
  for (const { variant, box } of jpegSpecs) {
    const output = `%s.${variant}.jpeg[Q=80,optimize_coding,interlace,strip]`
    const { status, stderr } = spawnSync(
      'vipsthumbnail',
      [...paths, '--size', `${box.width}x${box.height}`, '--output', output],
      { encoding: 'utf8', env: { ...process.env, VIPS_CONCURRENCY: '1' } },
    )
    if (status !== 0) throw new Error(`vipsthumbnail failed: ${stderr}`)
  }
  return Promise.all(
    paths.map(async (path) => {
      const entries = jpegSpecs.map(async (spec): Promise<[string, Buffer]> => {
        return [keyOf(spec), await readFile(path.replace(/jpg$/, keyOf(spec)))]
      })
      return new Map(await Promise.all(entries))
    }),
  )
}

async function byThumbor(thumbor: Thumbor, paths: readonly string[]): Promise<Variants[]> {
  const results: Variants[] = []
  for (const path of paths) {
    const variants: Variants = new Map()
    for (const spec of jpegSpecs) variants.set(keyOf(spec), await thumbor.jpeg(basename(path), spec.box))
    results.push(variants)
  }
  return results
}

/** Compares each contender with the truth: the photo decoded in full, then scaled with Lanczos 3, not compressed. */
async function verify(paths: readonly string[], made: Map<string, Variants[]>): Promise<Finding[]> {
  const means = new Map<string, number>()
  for (const [name, results] of made) {
    for (const { variant, format, box } of VARIANT_SPECS) {
      if (!results.every((variants) => variants.has(keyOf({ variant, format })))) continue
      const similarities = await Promise.all(
        results.map(async (variants, i) =>
          ssim(variants.get(keyOf({ variant, format }))!, await truth(paths[i]!, box)),
        ),
      )
      means.set(
        `${name} ${variant}.${format}`,
        similarities.reduce((sum, value) => sum + value) / paths.length,
      )
    }
  }
  return VARIANT_SPECS.map((spec) => {
    const [our, their] = ['darkroom', 'naive sharp'].map((name) => means.get(`${name} ${keyOf(spec)}`) ?? NaN)
    const others = ['vipsthumbnail', 'thumbor'].flatMap((name) => {
      const mean = means.get(`${name} ${keyOf(spec)}`)
      return mean === undefined ? [] : [`, ${name} ${mean.toFixed(4)}`]
    })
    return {
      what: `similarity of ${keyOf(spec)} to the truth (SSIM)`,
      value: `${our!.toFixed(4)}, naive ${their!.toFixed(4)}` + others.join(''),
      holds: our! >= their! - similarityLoss,
    }
  })
}

async function truth(path: string, { width, height }: VariantSpec['box']): Promise<Buffer> {
  const full = await sharp(path).autoOrient().raw().toBuffer({ resolveWithObject: true })
  const { channels } = full.info
  return sharp(full.data, { raw: { width: full.info.width, height: full.info.height, channels } })
    .resize({ width, height, fit: 'inside' })
    .png({ compressionLevel: 1 })
    .toBuffer()
}
