import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { VARIANT_SPECS } from '../src/domain/variants.ts'
import { inspectOriginal } from '../src/infra/image/inspect.ts'
import { renderVariants } from '../src/infra/image/render.ts'
import { sharp } from '../src/infra/image/sharp.ts'
import { ApiClient } from '../stack/client/api-client.ts'
import type { Benchmark, Finding, Sample, Trial } from './harness.ts'
import { photoJpeg } from './photo.ts'
import { startBenchService } from './service.ts'
import { median, percentile } from './statistics.ts'

/** Uploads per round; one after the other, so that a figure is a latency and not a queue. */
const uploadsPerRound = 8
const naivePhotos = 1
/** Half of it is what the figures are too high by, on average. */
const POLL_MS = 20
const limits = { maxBytes: 50 * 1024 ** 2, maxPixels: 50_000_000 }

export const upload: Benchmark = {
  name: 'upload',
  summary: `PUT → ready → all variants of 12-megapixel JPEGs, ${uploadsPerRound} a round, one after the other.`,
  open,
}

interface Uploaded {
  photoId: string
  path: string
  readyMs: number
  variantsMs: number
}

async function open(): Promise<Trial> {
  const folder = await mkdtemp(join(tmpdir(), 'darkroom-bench-photos-'))
  const paths = await writePhotos(folder)
  const service = await startBenchService()
  const owner = await new ApiClient(service.app.url).signUp('bench')
  const all: Uploaded[] = []

  return {
    conditions: {
      photos: `${paths.length} generated, 4000 × 3000, quality 90`,
      path: 'POST /photos, PUT to the storage, storage event, Temporal, Postgres; status polled every 20 ms, as more often would take a core',
      servers:
        'Postgres with replica, Valkey, SeaweedFS, OpenSearch, Temporal dev server, nginx, all on the same cores',
    },
    contenders: [
      {
        name: 'darkroom',
        setting: 'through the API with four processes, ready = status seen by GET /photos/:id',
        measure: async () => {
          const uploads: Uploaded[] = []
          // A round takes longer than half the life of an access token.
          await owner.signIn('bench')
          for (const path of paths) uploads.push(await uploadOne(owner, path))
          all.push(...uploads)
          return summary(uploads)
        },
      },
      {
        name: 'the same calls in-process',
        setting: 'inspectOriginal, then renderVariants, on a local file',
        measure: async () => summary(await inTurn(paths, inProcess)),
      },
      {
        name: 'naive sharp',
        setting:
          'a decode per variant at default effort, on a local file, nothing validated; one photo a round, as it takes 18 s',
        measure: async () => summary(await inTurn(paths.slice(0, naivePhotos), naive)),
      },
    ],
    comparisons: [
      {
        figure: 'readyP50',
        unit: 'ms from PUT to ready, p50',
        ours: 'darkroom',
        reference: 'the same calls in-process',
        goal: { of: 'difference', atMost: 150 },
      },
      { figure: 'readyMax', unit: 'ms from PUT to ready, slowest', ours: 'darkroom' },
      {
        figure: 'variantsP50',
        unit: 'ms from PUT to all variants, p50',
        ours: 'darkroom',
        reference: 'the same calls in-process',
      },
      {
        figure: 'variantsP50',
        unit: 'ms from PUT to all variants, p50',
        ours: 'darkroom',
        reference: 'naive sharp',
      },
    ],
    verify: () => verify(owner, all),
    close: async () => {
      await service.stop()
      await rm(folder, { recursive: true })
    },
  }
}

async function writePhotos(folder: string): Promise<string[]> {
  const paths: string[] = []
  for (let seed = 1; seed <= uploadsPerRound; seed++) {
    paths.push(join(folder, `${seed}.jpg`))
    await writeFile(paths.at(-1)!, await photoJpeg(4000, 3000, { seed, orientation: seed % 3 === 0 ? 6 : 1 }))
  }
  return paths
}

async function uploadOne(owner: ApiClient, path: string): Promise<Uploaded> {
  const { photoId, putFinishedAt } = await owner.upload(await readFile(path), { contentType: 'image/jpeg' })
  const poll = (done: (photo: { status: string; variants: { name: string }[] }) => boolean) =>
    owner.until(`photo ${photoId} is done`, async () => done(await owner.photo(photoId)), 60_000, POLL_MS)
  await poll((photo) => photo.status === 'ready')
  const readyMs = performance.now() - putFinishedAt
  await poll(
    (photo) => photo.variants.filter(({ name }) => name !== 'original').length === VARIANT_SPECS.length,
  )
  return { photoId, path, readyMs, variantsMs: performance.now() - putFinishedAt }
}

async function inProcess(path: string): Promise<Uploaded> {
  const start = performance.now()
  await inspectOriginal(path, { declaredContentType: 'image/jpeg', ...limits })
  const readyMs = performance.now() - start
  await renderVariants(path)
  return { photoId: '', path, readyMs, variantsMs: performance.now() - start }
}

async function naive(path: string): Promise<Uploaded> {
  const start = performance.now()
  await Promise.all(
    VARIANT_SPECS.map((spec) =>
      sharp(path)
        .autoOrient()
        .resize({ ...spec.box, fit: 'inside', withoutEnlargement: true })
        .toFormat(spec.format, { quality: 80 })
        .toBuffer(),
    ),
  )
  const ms = performance.now() - start
  return { photoId: '', path, readyMs: ms, variantsMs: ms }
}

async function inTurn<Result>(
  paths: readonly string[],
  work: (path: string) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  for (const path of paths) results.push(await work(path))
  return results
}

function summary(uploads: readonly Uploaded[]): Sample {
  return {
    readyP50: median(uploads.map(({ readyMs }) => readyMs)),
    readyMax: percentile(
      uploads.map(({ readyMs }) => readyMs),
      1,
    ),
    variantsP50: median(uploads.map(({ variantsMs }) => variantsMs)),
  }
}

/** Every upload is complete: in the author's feed exactly once, its variants served by the edge at the promised size. */
async function verify(owner: ApiClient, uploads: readonly Uploaded[]): Promise<Finding[]> {
  const feed: { id: string }[] = await owner.walk('/v1/feed', 100)
  const inFeed = uploads.filter(({ photoId }) => feed.filter(({ id }) => id === photoId).length === 1).length
  let served = 0
  for (const { photoId } of uploads.slice(-uploadsPerRound)) {
    const photo = await owner.photo(photoId)
    for (const variant of photo.variants.filter(({ name }: { name: string }) => name !== 'original')) {
      const { width, height } = await sharp(
        Buffer.from(await (await fetch(variant.url)).arrayBuffer()),
      ).metadata()
      if (width === variant.width && height === variant.height) served++
    }
  }
  const expected = uploadsPerRound * VARIANT_SPECS.length
  return [
    {
      what: 'uploads that are in the feed exactly once',
      value: `${inFeed} of ${uploads.length}`,
      holds: inFeed === uploads.length,
    },
    {
      what: 'variants of the last round served as promised',
      value: `${served} of ${expected}`,
      holds: served === expected,
    },
  ]
}
