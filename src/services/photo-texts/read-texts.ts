import { NOTHING_READ, type TextTally } from '../../contracts/text-reader.ts'
import type { PhotoId } from '../../domain/ids.ts'
import { InvalidImageError } from '../../domain/invalid-image.ts'
import type { Database, Query } from '../../infra/db/database.ts'
import { ChildUnavailableError } from '../../infra/image/image-child.ts'
import type { TextInPicture } from '../../infra/image/text/read-text.ts'
import type { TextReader } from '../../infra/image/text/open-text-reader.ts'
import { ObjectMissingError } from '../../infra/s3/object-store.ts'
import type { Outbox } from '../delivery/outbox.ts'
import { withPictureOf, type Pictures } from './picture-of.ts'
import { recordText, type Outcome } from './record-text.ts'

interface ReadOptions {
  /** No photo is begun after this time. */
  maxMs: number
  signal: AbortSignal
}

/**
 * Reads the text in photos that are owed, in the order of their turns, and records it. Reading one twice changes nothing.
 * @returns how many were read and could not be, and whether more may be left
 * @throws whatever storage, Postgres or the child process are away with: worth a retry
 */
export type ReadTexts = (options: ReadOptions) => Promise<TextTally & { more: boolean }>

export interface ReadTextsDeps extends Pictures {
  db: Database
  outbox: Outbox
  reader: Pick<TextReader, 'read'>
}

export function createReadTexts(deps: ReadTextsDeps): ReadTexts {
  return async ({ maxMs, signal }) => {
    const endsAt = performance.now() + maxMs
    const tally = { ...NOTHING_READ }
    while (performance.now() < endsAt) {
      signal.throwIfAborted()
      const photoId = await nextOwed(deps.db.primary)
      if (photoId === undefined) return { ...tally, more: false }
      const outcome = await read(deps, photoId, signal).catch(async (error: unknown) => {
        await putLast(deps.db.primary, photoId)
        throw error
      })
      const outboxIds = await deps.db.transaction((tx) => recordText(tx, photoId, outcome))
      tally[outcome.state]++
      await deps.outbox.dispatch(outboxIds)
    }
    return { ...tally, more: true }
  }
}

/** Plan: the first entry of photo_texts_owed_idx. */
async function nextOwed(query: Query): Promise<PhotoId | undefined> {
  const [row] = await query<{ photo_id: PhotoId }>({
    name: 'texts-next',
    text: `SELECT photo_id FROM photo_texts WHERE state = 'owed' ORDER BY turn, photo_id LIMIT 1`,
  })
  return row?.photo_id
}

/** What fails for now holds up no others. Plan: photo_texts_pkey, and a scan of photo_texts_owed_idx from its end. */
async function putLast(query: Query, photoId: PhotoId): Promise<void> {
  await query({
    text: `UPDATE photo_texts SET turn = (
        SELECT turn + 1 FROM photo_texts WHERE state = 'owed' ORDER BY turn DESC LIMIT 1)
      WHERE photo_id = $1 AND state = 'owed'`,
    values: [photoId],
  })
}

/** The same bytes are read once for their owner. */
async function read(deps: ReadTextsDeps, photoId: PhotoId, signal: AbortSignal): Promise<Outcome> {
  const known = await readOfSameBytes(deps.db.primary, photoId)
  if (known) return { state: 'read', ...known }
  try {
    return await withPictureOf(deps, photoId, signal, (file) => readFile(deps, file, signal))
  } catch (error) {
    if (error instanceof ObjectMissingError) return { state: 'unreadable', code: 'no_picture' }
    throw error
  }
}

/** Whatever the child fails with is the picture's fault, and would be again; not if there is no child. */
async function readFile({ reader }: ReadTextsDeps, file: string, signal: AbortSignal): Promise<Outcome> {
  try {
    return { state: 'read', ...(await reader.read(file, signal)) }
  } catch (error) {
    if (signal.aborted || error instanceof ChildUnavailableError) throw error
    return { state: 'unreadable', code: error instanceof InvalidImageError ? error.code : 'reader_failed' }
  }
}

/** Plan: photos_pkey, the owner's photos of the same hash by photos_owner_sha256_idx, and a probe of photo_texts_pkey each. */
async function readOfSameBytes(query: Query, photoId: PhotoId): Promise<TextInPicture | undefined> {
  const [row] = await query<TextInPicture>({
    name: 'texts-of-same-bytes',
    text: `SELECT t.text, t.engine_version AS version FROM photos p
        JOIN photos o ON o.owner_id = p.owner_id AND o.sha256 = p.sha256 AND o.photo_id <> p.photo_id
        JOIN photo_texts t ON t.photo_id = o.photo_id AND t.state = 'read'
      WHERE p.photo_id = $1 LIMIT 1`,
    values: [photoId],
  })
  return row
}
