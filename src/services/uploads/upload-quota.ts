import { DarkroomError } from '../../domain/errors.ts'
import type { UserId } from '../../domain/ids.ts'
import type { Transaction } from '../../infra/db/database.ts'
import { readQuota, type DefaultQuota } from '../accounts/quotas.ts'

export interface UploadLimits {
  /** Of an account, unless it has limits of its own. */
  storage: DefaultQuota
  /** Uploads that an account may have begun but not finished. */
  pending: number
  /** Width × height of one photo. */
  pixels: number
  /** Of all photos that an account uploads within an hour: what decoding costs. */
  pixelsPerHour: number
}

const HOUR_MS = 60 * 60 * 1000

/**
 * Admits one more upload of an account. Takes the lock under which its uploads are opened one after the other, so that many at
 * once cannot pass a limit together.
 * @throws DarkroomError quota_exceeded, which names what is over; rate_limited for the pixels of the hour
 */
export async function admitUpload(
  tx: Transaction,
  ownerId: UserId,
  bytes: number,
  limits: UploadLimits,
): Promise<void> {
  await tx.query({
    text: `SELECT pg_advisory_xact_lock(hashtextextended('uploads/' || $1, 0))`,
    values: [ownerId],
  })
  const [row] = await tx.query<{ pending: number }>({
    text: `SELECT count(*)::int AS pending FROM photos WHERE owner_id = $1 AND status IN ('awaiting_upload', 'processing')`,
    values: [ownerId],
  })
  if (row!.pending >= limits.pending)
    throw over('pending', `At most ${limits.pending} uploads may be pending; finish or delete some.`)
  const quota = await readQuota(tx.query, ownerId, limits.storage)
  if (quota.photosUsed >= quota.photos)
    throw over('photos', `The account holds ${quota.photosUsed} of at most ${quota.photos} photos.`)
  if (quota.bytesUsed + bytes > quota.bytes)
    throw over('bytes', `${quota.bytesUsed} of ${quota.bytes} bytes are used; ${bytes} more do not fit.`)
  await admitPixels(tx, ownerId, limits)
}

/**
 * A photo counts by its own pixels once its header has told them, and until then, or if it came but could not be decoded, as the
 * largest there may be: so the hour's limit is never passed, whatever is pending.
 */
async function admitPixels(
  tx: Transaction,
  ownerId: UserId,
  { pixels, pixelsPerHour }: UploadLimits,
): Promise<void> {
  const since = Date.now() - HOUR_MS
  const [row] = await tx.query<{ used: string; oldest: Date | null }>({
    text: PIXELS_SINCE,
    values: [ownerId, firstIdAt(since), pixels],
  })
  const { used, oldest } = row!
  if (Number(used) + pixels <= pixelsPerHour || !oldest) return
  const megapixels = Math.round(pixelsPerHour / 1_000_000)
  throw new DarkroomError('rate_limited', `At most ${megapixels} megapixels an hour; wait for a while.`, {
    fields: [{ path: 'quota.megapixels', message: `At most ${megapixels} an hour.` }],
    retryAfterSeconds: Math.max(1, Math.ceil((oldest.getTime() - since) / 1000)),
  })
}

// Plan: photos_owner_id_idx, from the first id of the hour on; the upload rate bounds them.
const PIXELS_SINCE = `
  SELECT coalesce(sum(charged), 0) AS used, min(created_at) FILTER (WHERE charged > 0) AS oldest
  FROM (
    SELECT created_at, CASE
      WHEN width IS NOT NULL THEN width::bigint * height
      WHEN status IN ('awaiting_upload', 'processing') THEN $3::bigint
      WHEN status = 'failed' AND failure_code NOT IN ('upload_expired', 'upload_aborted', 'upload_cancelled') THEN $3
      ELSE 0 END AS charged
    FROM photos WHERE owner_id = $1 AND photo_id >= $2::uuid) recent`

/** The lowest id that a photo of this time may have: ids of version 7 begin with it, in milliseconds. */
function firstIdAt(timeMs: number): string {
  const hex = Math.max(0, Math.floor(timeMs)).toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`
}

function over(what: string, message: string): DarkroomError {
  return new DarkroomError('quota_exceeded', message, { fields: [{ path: `quota.${what}`, message }] })
}
