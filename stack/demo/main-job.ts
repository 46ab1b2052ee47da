import { randomBytes } from 'node:crypto'
import { Listr } from 'listr2'
import { ApiClient, type Page, type PhotoAnswer, variantOf } from '../client/api-client.ts'
import { ms } from './milliseconds.ts'
import { DEMO_PHOTOS, readDemoPhoto, type DemoPhoto } from './photos.ts'

export interface MainJobOptions {
  /** Where the API is, for example `http://127.0.0.1:3000`. */
  apiUrl: string
  /** Where the Temporal Web UI is, if there is one. */
  temporalUiUrl: string | undefined
  temporalNamespace: string
  /** Folder of the demo photos. */
  samplePhotos: string
}

/** What happened to one photo. Times are in ms after the PUT was answered. */
interface PhotoReport {
  photo: DemoPhoto
  photoId: string
  readyMs: number
  variantsMs: number
  variants: number
  feeds: number
  feedsMs: number
  searchMs: number
  imageUrl: string
  /** X-Cache of the first GET of each variant; the second GET was always a HIT. */
  cacheOfFirst: string[]
}

export interface MainJobReport {
  author: ApiClient
  followers: ApiClient[]
  photos: PhotoReport[]
  /** ms from PATCH visibility=private until a follower's next feed read lacked the photo, and the old URL was refused. */
  narrowing: { photoId: string; feedMs: number; urlMs: number; urlStatus: number }
}

const FOLLOWERS = ['ben', 'cleo', 'dana'] as const

/**
 * The main job through the public API only: accounts that follow each other, photos uploaded, published, rendered, pushed
 * to feeds, found by search and served by the edge; then one photo is taken back.
 * @throws Error at the first part that does not happen in time
 */
export async function runMainJob(options: MainJobOptions): Promise<MainJobReport> {
  const run = randomBytes(3).toString('hex')
  const author = new ApiClient(options.apiUrl)
  const followers = FOLLOWERS.map(() => new ApiClient(options.apiUrl))
  const photos: PhotoReport[] = []
  let narrowing: MainJobReport['narrowing'] | undefined

  await new Listr(
    [
      {
        title: 'Create ada, ben, cleo and dana, who follow each other',
        task: async () => {
          await author.signUp(`ada-${run}`)
          for (const [i, follower] of followers.entries()) await follower.signUp(`${FOLLOWERS[i]}-${run}`)
          for (const follower of followers) {
            await follower.call('PUT', `/v1/users/${author.username}/follow`)
            await author.call('PUT', `/v1/users/${follower.username}/follow`)
          }
        },
      },
      {
        title: 'Everyone reads their feed once: it is empty',
        task: async () => {
          for (const user of [author, ...followers]) {
            const { items } = await user.call<Page<PhotoAnswer>>('GET', '/v1/feed')
            if (items.length !== 0) throw new Error(`${user.username} has a feed already`)
          }
        },
      },
      ...DEMO_PHOTOS.map((photo) => ({
        title: `Upload ${photo.file} (${photo.visibility})`,
        task: async (_: unknown, task: { output: string; title: string }) => {
          const report = await uploadOne(
            photo,
            options.samplePhotos,
            author,
            followers,
            (line) => (task.output = line),
          )
          photos.push(report)
          task.title = `${photo.file}: ready after ${ms(report.readyMs)}, ${report.variants} variants after ${ms(report.variantsMs)}, in ${report.feeds} feeds after ${ms(report.feedsMs)}, found after ${ms(report.searchMs)}, edge ${[...new Set(report.cacheOfFirst)].join('/')} then HIT`
        },
      })),
      {
        title: 'Take one back: visibility private',
        task: async (_: unknown, task: { title: string }) => {
          narrowing = {
            photoId: photos.at(-1)!.photoId,
            ...(await takeBack(photos.at(-1)!, author, followers[0]!)),
          }
          task.title = `Taken back: gone from the next feed read (${ms(narrowing.feedMs)}), its old image URL refused with ${narrowing.urlStatus} after ${ms(narrowing.urlMs)}`
        },
      },
    ],
    {
      exitOnError: true,
      rendererOptions: { collapseSubtasks: false },
      fallbackRendererCondition: !process.stdout.isTTY,
    },
  ).run()

  return { author, followers, photos, narrowing: narrowing! }
}

async function uploadOne(
  photo: DemoPhoto,
  folder: string,
  author: ApiClient,
  followers: ApiClient[],
  report: (line: string) => void,
): Promise<PhotoReport> {
  const bytes = await readDemoPhoto(folder, photo)
  report('uploading')
  const { contentType, caption, visibility } = photo
  const { photoId, putFinishedAt } = await author.upload(bytes, { contentType, caption, visibility })
  const since = () => performance.now() - putFinishedAt

  report('waiting until it is ready')
  const settled = await author.untilSettled(photoId)
  const readyMs = since()
  if (settled.status !== 'ready') throw new Error(`${photo.file} failed: ${JSON.stringify(settled.failure)}`)

  report('rendering variants, pushing to feeds, indexing')
  const word = caption.split(' ')[0]!.replace(/\W/g, '')
  const [feedsMs, variants, searchMs] = await Promise.all([
    inFeeds(photoId, [author, ...followers], since),
    author.untilVariants(photoId).then((ready) => ({ ready, ms: since() })),
    author
      .until(`search finds ${photo.file}`, async () => {
        const { items } = await followers[0]!.call<Page<PhotoAnswer>>(
          'GET',
          `/v1/search/photos?q=${encodeURIComponent(word)}`,
        )
        return items.some((item) => item.id === photoId)
      })
      .then(since),
  ])

  const first: string[] = []
  for (const variant of variants.ready.variants.filter(({ name }) => name !== 'original')) {
    first.push(await fetchImage(variant.url))
    const second = await fetchImage(variant.url)
    if (second !== 'HIT') throw new Error(`the second GET of ${variant.name} was ${second}, not a cache hit`)
  }
  return {
    photo,
    photoId,
    readyMs,
    variantsMs: variants.ms,
    variants: first.length,
    feeds: followers.length + 1,
    feedsMs,
    searchMs,
    imageUrl: variantOf(variants.ready, 'medium_800', 'jpeg').url,
    cacheOfFirst: first,
  }
}

async function inFeeds(photoId: string, users: ApiClient[], since: () => number): Promise<number> {
  await Promise.all(
    users.map((user) =>
      user.until(`${user.username}'s feed has the photo`, async () => {
        const { items } = await user.call<Page<PhotoAnswer>>('GET', '/v1/feed?limit=5')
        return items.some((item) => item.id === photoId)
      }),
    ),
  )
  return since()
}

/** GETs an image through the edge and returns its X-Cache. */
async function fetchImage(url: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(10_000) })
  const bytes = await response.arrayBuffer()
  if (!response.ok || bytes.byteLength === 0)
    throw new Error(`GET ${new URL(url).pathname} answered ${response.status}`)
  return response.headers.get('x-cache') ?? 'none'
}

async function takeBack(report: PhotoReport, author: ApiClient, follower: ApiClient) {
  const startedAt = performance.now()
  await author.call('PATCH', `/v1/photos/${report.photoId}`, { visibility: 'private' })
  const { items } = await follower.call<Page<PhotoAnswer>>('GET', '/v1/feed')
  if (items.some((item) => item.id === report.photoId)) throw new Error('still in the feed')
  const feedMs = performance.now() - startedAt
  const urlStatus = await author.until('the old image URL is refused', async () => {
    const response = await fetch(report.imageUrl, { signal: AbortSignal.timeout(10_000) })
    await response.arrayBuffer()
    return response.ok ? undefined : response.status
  })
  return { feedMs, urlMs: performance.now() - startedAt, urlStatus }
}

/** The report as text: what happened, with times and URLs to click. */
export function describeMainJob(report: MainJobReport, options: MainJobOptions): string {
  const lines = ['', 'What happened (times after the PUT of each photo was answered):', '']
  for (const photo of report.photos) {
    lines.push(
      `  ${photo.photo.file} by ${report.author.username} (${photo.photo.visibility})`,
      `    ready ${ms(photo.readyMs)} · ${photo.variants} variants ${ms(photo.variantsMs)} · in ${photo.feeds} feeds ${ms(photo.feedsMs)} · found by search ${ms(photo.searchMs)}`,
      photo.photoId === report.narrowing.photoId
        ? '    image     taken back at the end: its URLs are refused'
        : `    image     ${photo.imageUrl}`,
    )
    if (options.temporalUiUrl) {
      lines.push(
        `    workflow  ${options.temporalUiUrl}/namespaces/${options.temporalNamespace}/workflows/${encodeURIComponent(`photo/${photo.photoId}`)}`,
      )
    }
  }
  const sorted = report.photos.map((photo) => photo.readyMs).sort((a, b) => a - b)
  lines.push(
    '',
    `  ready in the median ${ms(sorted[Math.floor(sorted.length / 2)]!)} after the PUT`,
    `  taken back: gone from feeds at the next read (${ms(report.narrowing.feedMs)}), image URL refused after ${ms(report.narrowing.urlMs)}`,
    '',
  )
  return lines.join('\n')
}
