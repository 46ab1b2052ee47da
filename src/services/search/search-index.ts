import type { IndexOutcome } from '../../contracts/activities/search.ts'
import type { PhotoId, UserId } from '../../domain/ids.ts'
import type { Query } from '../../infra/db/database.ts'
import type { DocumentWrite, PhotoIndex, WriteOutcome } from '../../infra/opensearch/photo-index.ts'
import { readRows, readVersions, toDocument, type IndexedRow } from './photo-document.ts'
import { settleAccount, settlingPhotos } from './revocations.ts'

export interface SearchIndexDeps {
  index: Pick<PhotoIndex, 'write' | 'refresh' | 'search'>
  /** The primary: a replica could be behind on content. */
  primary: Query
}

export interface SearchIndex {
  /**
   * Brings the photo's search document in line with its row: writes a published photo, removes others.
   * It may run repeatedly, in parallel and late, since the index ignores outdated versions.
   * @throws DarkroomError `unavailable` when OpenSearch is down or not set up; Error if the document is rejected
   */
  indexPhoto(photoId: PhotoId): Promise<IndexOutcome>
  /**
   * The same for the next published photos of an account, in the order of their ids, also for documents of the same version;
   * `next` is null at the end. A rejected document holds up none of the others.
   */
  indexPhotosOf(
    userId: UserId,
    after: PhotoId | null,
    signal?: AbortSignal,
  ): Promise<{ next: PhotoId | null; indexed: number }>
}

/** What bringInLine did about a photo. */
type InLine = IndexOutcome & { rejected?: string }

const BATCH_PHOTOS = 500

/** If a row changes more often than this during a call, the pending signals index it again. */
const MAX_PASSES = 5

/** A version above any that a row can give: for photos without a row, which never return. */
const FINAL_VERSION = 2 ** 33

export function createSearchIndex({ index, primary }: SearchIndexDeps): SearchIndex {
  return {
    async indexPhoto(photoId) {
      const { outcomes } = await bringInLine({ index, primary }, [photoId])
      const { rejected, ...outcome } = outcomes.get(photoId)!
      if (rejected !== undefined) throw new RejectedDocumentsError([photoId], rejected)
      return outcome
    },

    async indexPhotosOf(userId, after, signal) {
      const rows = await primary<{ photo_id: PhotoId }>({
        text: `SELECT photo_id FROM photos WHERE owner_id = $1 AND status = 'ready' AND ($2::uuid IS NULL OR photo_id > $2)
          ORDER BY photo_id LIMIT $3`,
        values: [userId, after, BATCH_PHOTOS],
      })
      signal?.throwIfAborted()
      const photoIds = rows.map(({ photo_id: photoId }) => photoId)
      const { outcomes, rejected } = await bringInLine({ index, primary }, photoIds, { overSame: true })
      if (rejected.length > 0)
        throw new RejectedDocumentsError(rejected, outcomes.get(rejected[0]!)!.rejected!)
      const next = rows.length === BATCH_PHOTOS ? photoIds.at(-1)! : null
      const settled =
        next !== null ||
        (await settleAccount({ index, primary }, userId, (left) => bringInLine({ index, primary }, left)))
      if (!settled) throw new Error('The index holds photos that are more open than their account.')
      return { next, indexed: rows.length }
    },
  }
}

/**
 * Brings the documents of photos in line with their rows, as SearchIndex.indexPhoto does, in a few requests for all of them; searches
 * that left them out have them again.
 * @param options.overSame replaces documents of the same version, which may be another release's
 */
export async function bringInLine(
  deps: SearchIndexDeps,
  photoIds: readonly PhotoId[],
  options: { overSame?: boolean } = {},
): Promise<{ outcomes: Map<PhotoId, InLine>; rejected: PhotoId[] }> {
  const outcomes = await settlingPhotos(deps, photoIds, () => writeRows(deps, photoIds, options))
  return { outcomes, rejected: photoIds.filter((photoId) => outcomes.get(photoId)?.rejected !== undefined) }
}

async function writeRows(
  { index, primary }: SearchIndexDeps,
  photoIds: readonly PhotoId[],
  options: { overSame?: boolean },
): Promise<Map<PhotoId, InLine>> {
  const outcomes = new Map<PhotoId, InLine>()
  let due = photoIds
  for (let pass = 1; due.length > 0 && pass <= MAX_PASSES; pass++) {
    const rows = await readRows(primary, due)
    const written = await index.write(
      due.map((photoId) => toWrite(photoId, rows.get(photoId))),
      options,
    )
    due.forEach((photoId, at) => {
      const outcome = toOutcome(rows.get(photoId), written[at]!)
      outcomes.set(photoId, { ...outcome, changed: outcome.changed || !!outcomes.get(photoId)?.changed })
    })
    // The index forgets the versions of deleted documents after a while. Looking again undoes a write that was held
    // up for so long that it brought a deleted photo's document back.
    const versions = await readVersions(primary, due)
    due = due.filter((photoId) => (versions.get(photoId) ?? null) !== outcomes.get(photoId)!.version)
  }
  return outcomes
}

function toWrite(photoId: PhotoId, row: IndexedRow | undefined): DocumentWrite {
  if (row?.status === 'ready') return { put: toDocument(row) }
  return { remove: photoId, version: row?.version ?? FINAL_VERSION }
}

function toOutcome(row: IndexedRow | undefined, written: WriteOutcome): InLine {
  return {
    state: row?.status === 'ready' ? 'indexed' : 'removed',
    version: row?.version ?? null,
    changed: written.state === 'written',
    ...(written.state === 'rejected' ? { rejected: written.reason } : {}),
  }
}

/** Documents that OpenSearch does not take, because they do not fit its mapping: a fault of ours. */
class RejectedDocumentsError extends Error {
  override readonly name = 'RejectedDocumentsError'

  constructor(photoIds: readonly PhotoId[], reason: string) {
    super(`${photoIds.length} search documents rejected, first ${photoIds[0]}: ${reason}`)
  }
}
