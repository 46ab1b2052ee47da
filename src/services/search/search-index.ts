import type { IndexOutcome } from '../../contracts/activities/search.ts'
import { effectiveVisibility } from '../../domain/access.ts'
import type { PhotoId, UserId } from '../../domain/ids.ts'
import type { PhotoRow, UserRow } from '../../entities/index.ts'
import type { Query } from '../../infra/db/database.ts'
import type { PhotoDocument, PhotoIndex } from '../../infra/opensearch/photo-index.ts'
import { foldText } from './search-text.ts'

export interface SearchIndexDeps {
  index: PhotoIndex
  /** The primary: a replica could be behind on content. */
  primary: Query
}

export interface SearchIndex {
  /**
   * Brings the photo's search document in line with its row: writes a published photo, removes others.
   * It may run repeatedly, in parallel and late, since the index ignores outdated versions.
   * @throws DarkroomError `unavailable` when OpenSearch is down or not set up
   */
  indexPhoto(photoId: PhotoId): Promise<IndexOutcome>
  /** The same for the next published photos of an account, in the order of their ids; `next` is null at the end. */
  indexPhotosOf(
    userId: UserId,
    after: PhotoId | null,
    signal?: AbortSignal,
  ): Promise<{ next: PhotoId | null; indexed: number }>
}

const BATCH_PHOTOS = 50

/** If a row changes more often than this during a call, the pending signals index it again. */
const MAX_PASSES = 5

/** A version above any that a row can give: for photos without a row, which never return. */
const FINAL_VERSION = 2 ** 33

export function createSearchIndex({ index, primary }: SearchIndexDeps): SearchIndex {
  async function indexRow(photoId: PhotoId, row: IndexedRow | undefined): Promise<IndexOutcome> {
    if (!row) {
      return { state: 'removed', version: null, changed: await index.remove(photoId, FINAL_VERSION) }
    }
    const { version } = row
    if (row.status !== 'ready') {
      return { state: 'removed', version, changed: await index.remove(photoId, version) }
    }
    return { state: 'indexed', version, changed: await index.put(toDocument(row)) }
  }

  async function indexPhoto(photoId: PhotoId): Promise<IndexOutcome> {
    let row = await readRow(primary, photoId)
    let changed = false
    for (let pass = 1; ; pass++) {
      const outcome = await indexRow(photoId, row)
      changed ||= outcome.changed
      // The index forgets the versions of deleted documents after a while. Looking again undoes a write that was held
      // up for so long that it brought a deleted photo's document back.
      row = await readRow(primary, photoId)
      if ((row?.version ?? null) === outcome.version || pass === MAX_PASSES) return { ...outcome, changed }
    }
  }

  return {
    indexPhoto,

    async indexPhotosOf(userId, after, signal) {
      const rows = await primary<{ photo_id: PhotoId }>({
        text: `SELECT photo_id FROM photos WHERE owner_id = $1 AND status = 'ready' AND ($2::uuid IS NULL OR photo_id > $2)
          ORDER BY photo_id LIMIT $3`,
        values: [userId, after, BATCH_PHOTOS],
      })
      for (const { photo_id: photoId } of rows) {
        signal?.throwIfAborted()
        await indexPhoto(photoId)
      }
      return { next: rows.length === BATCH_PHOTOS ? rows.at(-1)!.photo_id : null, indexed: rows.length }
    },
  }
}

type IndexedRow = Pick<
  PhotoRow,
  'photo_id' | 'owner_id' | 'version' | 'status' | 'visibility' | 'caption' | 'alt_text' | 'score'
> &
  Pick<UserRow, 'username'> & {
    owner_status: UserRow['status']
    owner_is_private: UserRow['is_private']
    tags: string[]
  }

// What the document says depends on photo and account, whose versions only rise; so their sum is a version of both.
const READ_ROW = `
  SELECT p.photo_id, p.owner_id, u.username, u.status AS owner_status, u.is_private AS owner_is_private,
    p.version + u.access_epoch AS version, p.status, p.visibility, p.caption, p.alt_text, p.score,
    (SELECT coalesce(array_agg(t.tag::text ORDER BY t.position), '{}')
      FROM photo_tags t WHERE t.photo_id = p.photo_id) AS tags
  FROM photos p JOIN users u ON u.user_id = p.owner_id
  WHERE p.photo_id = $1`

async function readRow(primary: Query, photoId: PhotoId): Promise<IndexedRow | undefined> {
  const [row] = await primary<IndexedRow>({ name: 'search-row', text: READ_ROW, values: [photoId] })
  return row
}

function toDocument(row: IndexedRow): PhotoDocument {
  return {
    photoId: row.photo_id,
    ownerId: row.owner_id,
    username: row.username.toLowerCase(),
    caption: row.caption === null ? null : foldText(row.caption),
    altText: row.alt_text === null ? null : foldText(row.alt_text),
    tags: row.tags,
    visibility: effectiveVisibility(row.visibility, {
      status: row.owner_status,
      isPrivate: row.owner_is_private,
    }),
    status: row.status,
    publishedAt: row.score === null ? null : Number(row.score),
    version: row.version,
  }
}
