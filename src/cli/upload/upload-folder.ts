import { setTimeout as delay } from 'node:timers/promises'
import pMap from 'p-map'
import { z } from 'zod'
import { MAX_ITEMS } from '../../domain/limits.ts'
import { PHOTO_STATUSES, type PhotoStatus } from '../../domain/visibility.ts'
import { messageOf } from '../../observability/error-text.ts'
import { RefusedError, type UploadClient } from './client.ts'
import { describePhoto, type Describe } from './describe-photo.ts'
import { sha256Of, type FoundPhoto } from './find-photos.ts'
import { sendPhoto } from './send-photo.ts'

/** What became of a file. */
type Outcome =
  /** Published; `present` by an earlier upload. */
  | { outcome: 'uploaded' | 'present'; photoId: string }
  /** The same bytes as another file of this run. */
  | { outcome: 'repeated'; of: string }
  /** The server took it in, and it is not published yet. */
  | { outcome: 'processing'; photoId: string }
  | { outcome: 'refused'; code: string; detail: string; photoId?: string }
  /** Not to be uploaded. */
  | { outcome: 'left_out'; detail: string }
  /** Neither taken nor refused: another run tries it again. */
  | { outcome: 'failed'; detail: string }

export interface FileReport {
  path: string
  bytes: number
  result: Outcome
  warnings: string[]
}

export interface UploadFolderOptions {
  client: UploadClient
  parallel: number
  /** By default what a sidecar says. */
  describe?: Describe
  /** Instead of what is said of a photo. */
  visibility?: string | undefined
  /** Whether to wait until what was sent is published or refused. */
  wait: boolean
  signal: AbortSignal
  onBytes: (bytes: number) => void
  /** Hears of each file once it is known what became of it. */
  onFile: (report: FileReport) => void
}

const OwnPhotos = z.object({
  items: z.array(z.object({ sha256: z.string(), photoId: z.string(), status: z.enum(PHOTO_STATUSES) })),
})
const Failure = z.object({
  photo: z.object({
    failure: z.object({ code: z.string(), detail: z.string().nullable().optional() }).optional(),
  }),
})

type OwnPhoto = z.infer<typeof OwnPhotos>['items'][number]

/** Few enough that the first upload begins soon, and many enough that lookups are rare. */
const BATCH_FILES = 50
const POLL_MS = 1_000
const UNDER_WAY: readonly PhotoStatus[] = ['awaiting_upload', 'processing']

interface Hashed extends FoundPhoto {
  sha256: string
}

/**
 * Uploads photos, several at a time. The server knows by their hashes what the account has, and what it has begun: so a repeated run
 * sends what is missing, and what was refused, and nothing has to be remembered here.
 * @throws the reason of `signal`, or RefusedError if the account may not upload at all
 */
export async function uploadFolder(
  photos: readonly FoundPhoto[],
  options: UploadFolderOptions,
): Promise<void> {
  const { client, parallel, signal, onBytes, onFile, wait, describe: describeOne = describePhoto } = options
  const seen = new Map<string, string>()
  const waiting: { report: FileReport; sha256: string; photoId: string }[] = []

  for (let at = 0; at < photos.length; at += BATCH_FILES) {
    signal.throwIfAborted()
    const batch = photos.slice(at, at + BATCH_FILES)
    const hashed = await pMap(batch, hashOrReport, { concurrency: parallel, signal })
    const fresh = hashed.filter((photo) => photo !== undefined).filter(isFirst)
    const own = await ownByHash(client, fresh)
    await pMap(fresh, (photo) => takeOne(photo, own.get(photo.sha256)), { concurrency: parallel, signal })
  }
  if (wait) await untilSettled()
  for (const { report, photoId } of waiting) onFile({ ...report, result: { outcome: 'processing', photoId } })

  async function hashOrReport(photo: FoundPhoto): Promise<Hashed | undefined> {
    try {
      return { ...photo, sha256: await sha256Of(photo.path, signal) }
    } catch (error) {
      return finish(photo, { outcome: 'failed', detail: messageOf(error) })
    }
  }

  function isFirst(photo: Hashed): boolean {
    const of = seen.get(photo.sha256)
    if (of !== undefined) finish(photo, { outcome: 'repeated', of })
    else seen.set(photo.sha256, photo.path)
    return of === undefined
  }

  function finish({ path, bytes }: FoundPhoto, result: Outcome, warnings: string[] = []): undefined {
    if (result.outcome !== 'uploaded') onBytes(bytes)
    onFile({ path, bytes, result, warnings })
  }

  async function takeOne(photo: Hashed, known: OwnPhoto | undefined): Promise<void> {
    if (known && !UNDER_WAY.includes(known.status))
      return finish(photo, { outcome: 'present', photoId: known.photoId })
    const warnings: string[] = []
    let sent = 0
    const describe = async () => ({
      ...(await describeOne(photo, (text) => warnings.push(text))),
      ...(options.visibility !== undefined && { visibility: options.visibility }),
    })
    const count = (bytes: number) => {
      sent += bytes
      onBytes(bytes)
    }
    const report = (result: Outcome): FileReport => ({
      path: photo.path,
      bytes: photo.bytes,
      result,
      warnings,
    })
    try {
      const begunAs = known?.status === 'awaiting_upload' ? known.photoId : undefined
      const photoId =
        known?.status === 'processing'
          ? known.photoId
          : await sendPhoto({ ...photo, begunAs }, { client, signal, describe, onBytes: count })
      onBytes(photo.bytes - sent)
      waiting.push({ report: report({ outcome: 'uploaded', photoId }), sha256: photo.sha256, photoId })
    } catch (error) {
      signal.throwIfAborted()
      onBytes(photo.bytes - sent)
      if (error instanceof RefusedError) {
        onFile(report({ outcome: 'refused', code: error.code, detail: error.message }))
        // Every further one would be refused as well.
        if (error.code === 'account_suspended') throw error
      } else onFile(report({ outcome: 'failed', detail: messageOf(error) }))
    }
  }

  async function refusalOf(photoId: string): Promise<Outcome> {
    const { photo } = await client.call(Failure, 'GET', `/photos/${photoId}`)
    const { code = 'failed', detail } = photo.failure ?? {}
    return { outcome: 'refused', code, detail: detail ?? 'The file was refused.', photoId }
  }

  /** Asks for a hundred at a time, in turn, until none is under way. */
  async function untilSettled(): Promise<void> {
    while (waiting.length > 0) {
      const asked = waiting.splice(0, MAX_ITEMS.photoIds)
      const own = await ownByHash(client, asked)
      const isUnderWay = ({ sha256 }: { sha256: string }) => {
        const status = own.get(sha256)?.status
        return status !== undefined && UNDER_WAY.includes(status)
      }
      const left = asked.filter(isUnderWay)
      waiting.push(...left)
      for (const each of asked) {
        if (left.includes(each)) continue
        // What failed is not named.
        onFile(own.has(each.sha256) ? each.report : { ...each.report, result: await refusalOf(each.photoId) })
      }
      if (left.length === asked.length) await delay(POLL_MS, undefined, { signal })
    }
  }
}

async function ownByHash(client: UploadClient, photos: readonly { sha256: string }[]) {
  const sha256 = photos.map((photo) => photo.sha256)
  if (sha256.length === 0) return new Map<string, OwnPhoto>()
  const { items } = await client.call(OwnPhotos, 'POST', '/me/photos/lookup', { sha256 })
  return new Map(items.map((item) => [item.sha256, item]))
}
