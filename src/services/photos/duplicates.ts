import { MAX_ITEMS } from '../../domain/limits.ts'
import type { PhotoId } from '../../domain/ids.ts'
import type { UserViewer } from '../../domain/viewer.ts'
import { pageOfRows, type ListRead, type Page } from '../lists/list-read.ts'
import { loadPhotoCards, type PhotoCard } from './photo-cards.ts'

/** Photos of one account that look the same. */
export interface DuplicateGroup {
  /** How many there are, of which `photos` has the earliest. */
  count: number
  photos: { photo: PhotoCard; sameFileAs: PhotoId | null }[]
}

interface GroupRow {
  key: string
  count: number
  latest: string
  members: { photoId: PhotoId; sha256: string }[]
}

/** When its latest photo was published, in ms since 1970, and what its photos share. */
const POSITION = ['number', 'string'] as const

// Plan: photos_likeness_idx of the account alone, from its pages only: 100,000 photos take 110 ms. The groups of the page read their
// photos through it as well.
const ALIKE = `
  SELECT p.likeness AS key, count(*)::int AS count, max(p.score) AS latest FROM photos p
  WHERE p.owner_id = $1 AND p.status = 'ready' AND p.likeness IS NOT NULL
  GROUP BY p.likeness HAVING count(*) > 1`

// What has the same bytes looks the same, so that only the photos of groups are read.
const SAME_FILE = `
  SELECT p.sha256 AS key, count(*)::int AS count, max(p.score) AS latest FROM photos p
  WHERE p.owner_id = $1 AND p.status = 'ready' AND p.likeness IN (SELECT key FROM (${ALIKE}) alike)
  GROUP BY p.sha256 HAVING count(*) > 1`

const pageOfGroups = (groups: string, column: 'likeness' | 'sha256', type: 'bigint' | 'bytea') => `
  SELECT page.key::text AS key, page.count, page.latest, (
    SELECT json_agg(member) FROM (
      SELECT m.photo_id AS "photoId", encode(m.sha256, 'hex') AS sha256 FROM photos m
      WHERE m.owner_id = $1 AND m.status = 'ready' AND m.${column} = page.key
      ORDER BY m.score, m.photo_id LIMIT ${MAX_ITEMS.photosPerDuplicateGroup}) member) AS members
  FROM (
    SELECT * FROM (${groups}) g
    WHERE $2::bigint IS NULL OR (g.latest, g.key) < ($2, $3::${type})
    ORDER BY g.latest DESC, g.key DESC LIMIT $4) page
  ORDER BY page.latest DESC, page.key DESC`

const STATEMENTS = {
  alike: { name: 'duplicates', text: pageOfGroups(ALIKE, 'likeness', 'bigint') },
  sameFile: { name: 'duplicate-files', text: pageOfGroups(SAME_FILE, 'sha256', 'bytea') },
}

/**
 * The viewer's published photos that look the same, or with `exact` have the same bytes, in groups; those with the latest photo
 * first. @throws DarkroomError bad_cursor
 */
export async function readDuplicates(
  list: ListRead<UserViewer>,
  { exact }: { exact: boolean },
): Promise<Page<DuplicateGroup>> {
  const { query, viewer, limit } = list
  const [latest, key] = list.after(POSITION) ?? [null, null]
  const rows = await query<GroupRow>({
    ...STATEMENTS[exact ? 'sameFile' : 'alike'],
    values: [viewer.userId, latest, key, limit + 1],
  })
  return pageOfRows(
    list,
    rows,
    (row) => [Number(row.latest), row.key],
    async (shown) => {
      const ids = shown.flatMap(({ members }) => members.map(({ photoId }) => photoId))
      const { cards } = await loadPhotoCards(query, viewer, ids)
      return shown.flatMap((row) => toGroup(row, cards))
    },
  )
}

/** None, if what was deleted since leaves no two of it. */
function toGroup({ count, members }: GroupRow, cards: Map<PhotoId, PhotoCard>): DuplicateGroup[] {
  const firstWith = new Map<string, PhotoId>()
  const photos = members.flatMap(({ photoId, sha256 }) => {
    const photo = cards.get(photoId)
    if (!photo) return []
    const sameFileAs = firstWith.get(sha256) ?? null
    if (sameFileAs === null) firstWith.set(sha256, photoId)
    return [{ photo, sameFileAs }]
  })
  return photos.length < 2 ? [] : [{ count: count - members.length + photos.length, photos }]
}
