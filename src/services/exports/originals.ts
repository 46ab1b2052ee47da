import type { PhotoId, UserId } from '../../domain/ids.ts'
import { isValidated, PHOTO_STATUSES } from '../../domain/visibility.ts'
import type { Query } from '../../infra/db/database.ts'

/** Photos whose originals their owner may have: taken down or in the trash, too. */
export const EXPORTED_STATUSES = PHOTO_STATUSES.filter(isValidated)

/** A photo's original, and where it is at the moment. */
export interface FoundOriginal {
  photoId: PhotoId
  blobId: string
  objectKey: string
  bytes: number
  isCold: boolean
  contentType: string
  /** When it was taken, or else uploaded; local. */
  local: string
}

interface OriginalRow {
  photo_id: PhotoId
  blob_id: string
  object_key: string
  bytes: string
  is_cold: boolean
  content_type: string
  local: string
}

const COLUMNS = `p.photo_id, b.blob_id, b.bytes, p.content_type,
  coalesce(b.restored_key, b.object_key) AS object_key, b.tier = 'cold' AND b.restored_key IS NULL AS is_cold,
  to_char(coalesce(p.taken_at, p.created_at AT TIME ZONE 'UTC'), 'YYYY-MM-DD"T"HH24:MI:SS') AS local`

// Plan: photos_owner_id_idx from the cursor, and blobs_pkey. Those that were uploaded since the export was asked for are not in it,
// so that it comes to an end.
const NEXT = `
  SELECT ${COLUMNS} FROM photos p JOIN blobs b USING (blob_id)
  WHERE p.owner_id = $1 AND p.photo_id > coalesce($2::uuid, '00000000-0000-0000-0000-000000000000')
    AND p.created_at <= $3 AND p.status = ANY ($4)
  ORDER BY p.photo_id LIMIT 1`

const ONE = `
  SELECT ${COLUMNS} FROM photos p JOIN blobs b USING (blob_id) WHERE p.photo_id = $1 AND p.status = ANY ($2)`

/** The next original behind a photo, in the order of their ids. */
export async function nextOriginal(
  query: Query,
  userId: UserId,
  after: PhotoId | null,
  until: Date,
): Promise<FoundOriginal | undefined> {
  const values = [userId, after, until, EXPORTED_STATUSES]
  const [row] = await query<OriginalRow>({ name: 'export-next-original', text: NEXT, values })
  return row && toOriginal(row)
}

/** Undefined once its photo is deleted. */
export async function findOriginal(query: Query, photoId: PhotoId): Promise<FoundOriginal | undefined> {
  const values = [photoId, EXPORTED_STATUSES]
  const [row] = await query<OriginalRow>({ name: 'export-original', text: ONE, values })
  return row && toOriginal(row)
}

function toOriginal(row: OriginalRow): FoundOriginal {
  return {
    photoId: row.photo_id,
    blobId: row.blob_id,
    objectKey: row.object_key,
    bytes: Number(row.bytes),
    isCold: row.is_cold,
    contentType: row.content_type,
    local: row.local,
  }
}

/** What the file is called in the archive, by the day that it was taken: `photos/2026/2026-03-09_<photoId>.jpeg`. */
export function originalName({ photoId, contentType, local }: FoundOriginal): string {
  const day = local.slice(0, 10)
  return `photos/${day.slice(0, 4)}/${day}_${photoId}.${contentType.slice('image/'.length)}`
}
