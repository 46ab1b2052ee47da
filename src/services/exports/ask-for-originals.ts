import type { AskedOriginals } from '../../contracts/activities/exports.ts'
import type { PhotoId } from '../../domain/ids.ts'
import type { Query } from '../../infra/db/database.ts'
import type { Archive } from '../../infra/s3/archive.ts'
import { coldKey } from '../blobs/blob-keys.ts'
import { EXPORTED_STATUSES } from './originals.ts'

export interface AskingDeps {
  primary: Query
  archive?: Pick<Archive, 'isReadable' | 'restoreMs' | 'restore'> | undefined
}

/** Photos looked at in a step; each may take a request to the storage. */
const STRETCH = 500

// Plan: photos_owner_id_idx from the cursor; a probe of blobs_pkey and cold_originals_pkey each.
const COLD = `
  SELECT p.photo_id, b.blob_id, b.tier = 'cold' AND b.restored_key IS NULL AS is_cold,
    coalesce(c.state <> 'hot', false) AS looks_cold
  FROM photos p JOIN blobs b USING (blob_id) LEFT JOIN cold_originals c USING (photo_id)
  WHERE p.owner_id = $1 AND p.photo_id > coalesce($2::uuid, '00000000-0000-0000-0000-000000000000')
    AND p.created_at <= $3 AND p.status = ANY ($4)
  ORDER BY p.photo_id LIMIT ${STRETCH}`

const ASKED = `
  UPDATE account_exports SET asked_at = coalesce(asked_at, now()) WHERE export_id = $1 AND status = 'preparing'
  RETURNING user_id, created_at, asked_at`

/**
 * Asks the cold storage for originals that it does not hand out at once. They are read where they are, and stay cold: an export
 * makes no copies of them in the hot storage.
 *
 * A photo that is cold by its own age is waited for as long as a restore takes, even if others keep the same bytes hot, as the time
 * would else tell of them.
 */
export async function askForOriginals(
  { primary, archive }: AskingDeps,
  exportId: string,
  after: PhotoId | null,
): Promise<AskedOriginals> {
  const nothing: AskedOriginals = { after: null, waiting: 0, expectedAt: null }
  if (!archive || archive.isReadable) return nothing
  const [row] = await primary<{ user_id: string; created_at: Date; asked_at: Date }>({
    text: ASKED,
    values: [exportId],
  })
  if (!row) return nothing
  const photos = await primary<{ photo_id: PhotoId; blob_id: string; is_cold: boolean; looks_cold: boolean }>(
    {
      text: COLD,
      values: [row.user_id, after, row.created_at, EXPORTED_STATUSES],
    },
  )
  const expectedAt = new Date(row.asked_at.getTime() + archive.restoreMs)
  const isEarly = Date.now() < expectedAt.getTime()
  let waiting = 0
  for (const photo of photos) {
    const isRestoring = photo.is_cold && (await archive.restore(coldKey(photo.blob_id))) === 'restoring'
    if (isRestoring || (photo.looks_cold && isEarly)) waiting++
  }
  return {
    after: photos.length < STRETCH ? null : photos.at(-1)!.photo_id,
    waiting,
    expectedAt: waiting > 0 ? expectedAt.toISOString() : null,
  }
}
