import { effectiveVisibility } from '../../domain/access.ts'
import type { PhotoId } from '../../domain/ids.ts'
import type { PhotoRow, UserRow } from '../../entities/index.ts'
import type { Query } from '../../infra/db/database.ts'
import { knownPlaces } from '../../infra/geo/places.ts'
import type { PhotoDocument } from '../../infra/opensearch/photo-index.ts'
import { FACTS_COLUMNS, toFacts, withPlace, type FactsRow } from './photo-facts.ts'
import { foldText } from './search-text.ts'

const FIRST_ID = '00000000-0000-0000-0000-000000000000'

/** All that a photo's document says, and its version. */
export type IndexedRow = Pick<
  PhotoRow,
  'photo_id' | 'owner_id' | 'version' | 'status' | 'visibility' | 'caption' | 'alt_text' | 'score'
> &
  Pick<UserRow, 'username'> &
  FactsRow & {
    owner_status: UserRow['status']
    owner_is_private: UserRow['is_private']
    tags: string[]
  }

// What the document says depends on photo and account, whose versions only rise; so their sum is a version of all.
const VERSION = 'p.version + u.access_epoch + u.text_epoch AS version'

const COLUMNS = `
  p.photo_id, p.owner_id, u.username, u.status AS owner_status, u.is_private AS owner_is_private,
  ${VERSION}, p.status, p.visibility, p.caption, p.alt_text, p.score, ${FACTS_COLUMNS},
  (SELECT coalesce(array_agg(t.tag::text ORDER BY t.position), '{}')
    FROM photo_tags t WHERE t.photo_id = p.photo_id) AS tags`

/** The rows of photos, by id; of those that exist. Plan: a probe of photos_pkey, users_pkey and photo_tags_pkey each. */
export async function readRows(
  primary: Query,
  photoIds: readonly PhotoId[],
): Promise<Map<PhotoId, IndexedRow>> {
  const rows = await primary<Omit<IndexedRow, 'place'>>({
    name: 'search-rows',
    text: `SELECT ${COLUMNS} FROM photos p JOIN users u ON u.user_id = p.owner_id WHERE p.photo_id = ANY ($1::uuid[])`,
    values: [photoIds],
  })
  const placeOf = await knownPlaces()
  return new Map(rows.map((row) => [row.photo_id, withPlace(row, placeOf)]))
}

/**
 * The rows of published photos after an id, in the order of ids. Plan: photos_pkey from there on, in pages, with the same probes.
 */
export async function readPublishedAfter(
  primary: Query,
  after: PhotoId | null,
  count: number,
): Promise<IndexedRow[]> {
  // By name and with the number in its text, so that it is planned once: planning took a fifth of its time. Callers have one or two sizes.
  const rows = await primary<Omit<IndexedRow, 'place'>>({
    name: `search-published-${count}`,
    text: `SELECT ${COLUMNS} FROM photos p JOIN users u ON u.user_id = p.owner_id
      WHERE p.status = 'ready' AND p.photo_id > $1 ORDER BY p.photo_id LIMIT ${count}`,
    values: [after ?? FIRST_ID],
  })
  const placeOf = await knownPlaces()
  return rows.map((row) => withPlace(row, placeOf))
}

/** The same without content. */
export async function readVersions(
  primary: Query,
  photoIds: readonly PhotoId[],
): Promise<Map<PhotoId, number>> {
  const rows = await primary<Pick<IndexedRow, 'photo_id' | 'version'>>({
    name: 'search-versions',
    text: `SELECT p.photo_id, ${VERSION} FROM photos p JOIN users u ON u.user_id = p.owner_id
      WHERE p.photo_id = ANY ($1::uuid[])`,
    values: [photoIds],
  })
  return new Map(rows.map((row) => [row.photo_id, row.version]))
}

export function toDocument(row: IndexedRow): PhotoDocument {
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
    ...toFacts(row),
    version: row.version,
  }
}
