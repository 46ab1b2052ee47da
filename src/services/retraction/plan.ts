import type { AccountPlan, PhotoPlan, StaleVariant } from '../../contracts/activities/retraction.ts'
import type { AccountStatus } from '../../domain/access.ts'
import type { PhotoId, UserId } from '../../domain/ids.ts'
import type { PhotoStatus } from '../../domain/visibility.ts'
import { DOWNLOAD } from '../../domain/variants.ts'
import type { PhotoRow } from '../../entities/index.ts'
import type { Query } from '../../infra/db/database.ts'
import { epochOfKey } from '../photos/object-keys.ts'
import { planAvatar, readAvatar } from './avatars.ts'
import { accountSubject, audienceSubject, photoSubject } from './subjects.ts'

// Plan: one probe of photos_pkey, photo_variants_pkey and retractions_pkey.
const PHOTO = `
  SELECT p.status, p.version, p.access_epoch, p.allow_download, p.published_at IS NOT NULL AS was_published, r.min_epoch,
    (SELECT coalesce(json_agg(json_build_object('variant', variant, 'format', format, 'objectKey', object_key)), '[]')
      FROM photo_variants v WHERE v.photo_id = p.photo_id) AS variants
  FROM photos p LEFT JOIN retractions r ON r.subject = $2 WHERE p.photo_id = $1`

/** What the row of a photo, or of an avatar, asks of everything that is derived from it. */
export async function planPhoto(primary: Query, photoId: PhotoId): Promise<PhotoPlan> {
  const [row] = await primary<{
    status: PhotoStatus
    version: number
    access_epoch: number
    allow_download: boolean
    was_published: boolean
    min_epoch: number | null
    variants: StaleVariant[]
  }>({ text: PHOTO, values: [photoId, photoSubject(photoId)] })
  if (!row) {
    const avatar = await readAvatar(primary, photoId)
    if (avatar) return planAvatar(photoId, avatar)
    return {
      state: 'unpublished',
      version: 0,
      accessEpoch: 0,
      wasPublished: false,
      minEpoch: null,
      stale: [],
    }
  }
  const { status, version, access_epoch: accessEpoch, was_published: wasPublished } = row
  const stale = row.variants.filter(({ objectKey }) => {
    const epoch = epochOfKey(objectKey)
    return epoch !== undefined && epoch < accessEpoch
  })
  const isOwed = wasPublished && (status === 'deleted' || stale.length > 0)
  return {
    state: stateOf(status),
    version,
    accessEpoch,
    wasPublished,
    minEpoch: row.min_epoch ?? (isOwed ? accessEpoch : null),
    stale,
    ...(lacksDownload(row) && { missing: [{ variant: DOWNLOAD, format: 'any' }] }),
  }
}

/** Other variants are made by the upload. Downloads may be allowed, refused and allowed again at any time. */
const lacksDownload = ({
  status,
  allow_download,
  variants,
}: Pick<PhotoRow, 'status' | 'allow_download'> & { variants: readonly StaleVariant[] }): boolean =>
  status === 'ready' && allow_download && !variants.some(({ variant }) => variant === DOWNLOAD)

function stateOf(status: PhotoStatus): PhotoPlan['state'] {
  if (status === 'deleted') return 'deleted'
  if (status === 'ready') return 'published'
  return status === 'quarantined' || status === 'trashed' ? 'withdrawn' : 'unpublished'
}

/** What an account's row asks of its photos. */
export async function planAccount(primary: Query, userId: UserId): Promise<AccountPlan> {
  const [row] = await primary<{
    status: AccountStatus
    is_private: boolean
    access_epoch: number
    min_epoch: number | null
  }>({
    text: `SELECT u.status, u.is_private, u.access_epoch, r.min_epoch
      FROM users u LEFT JOIN retractions r ON r.subject = $2 WHERE u.user_id = $1`,
    values: [userId, accountSubject(userId)],
  })
  if (!row) return { accessEpoch: 0, minEpoch: null, isOpen: false }
  return {
    accessEpoch: row.access_epoch,
    minEpoch: row.min_epoch,
    isOpen: row.status === 'active' && !row.is_private,
  }
}

/** The epoch below which edges are to refuse signed URLs of the account's photos; null if all of them do. */
export async function planAudience(primary: Query, userId: UserId): Promise<number | null> {
  const [row] = await primary<{ min_epoch: number }>({
    text: 'SELECT min_epoch FROM retractions WHERE subject = $1',
    values: [audienceSubject(userId)],
  })
  return row?.min_epoch ?? null
}
