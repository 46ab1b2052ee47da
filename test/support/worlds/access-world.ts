import { v7 as uuidv7 } from 'uuid'
import {
  BLOCKS,
  type AccountCase,
  type Block,
  type Grant,
  type PhotoCase,
  type ViewerKind,
} from '../../../src/domain/access.table.ts'
import { ACCOUNT_STATUSES, type AccountStatus } from '../../../src/domain/access.ts'
import type { PhotoId, UserId } from '../../../src/domain/ids.ts'
import { ANONYMOUS, type Viewer } from '../../../src/domain/viewer.ts'
import {
  PHOTO_STATUSES,
  VISIBILITIES,
  type PhotoStatus,
  type Visibility,
} from '../../../src/domain/visibility.ts'
import type { Database, Transaction } from '../../../src/infra/db/database.ts'

interface SeededOwner {
  userId: UserId
  ownerStatus: AccountStatus
  ownerIsPrivate: boolean
  block: Block
}

interface SeededPhoto extends SeededOwner {
  photoId: PhotoId
  visibility: Visibility
  status: PhotoStatus
}

/** All cases of the access table as rows: an owner for each account case, a photo for each photo case. */
export interface AccessWorld {
  owners: readonly SeededOwner[]
  photos: readonly SeededPhoto[]
  ownerOf(row: AccountCase): UserId
  photoOf(row: PhotoCase): PhotoId
  /** The viewer of a case; the owner's own is a different one for each owner. */
  viewerOf(row: AccountCase & { grant?: Grant }): Viewer
}

const ownerKey = ({ ownerStatus, ownerIsPrivate, block }: Omit<AccountCase, 'viewer'>) =>
  [ownerStatus, ownerIsPrivate, block].join()
const photoKey = (of: Omit<PhotoCase, 'viewer' | 'grant' | 'visible'>) =>
  [ownerKey(of), of.visibility, of.status].join()

export async function seedAccessWorld(db: Database): Promise<AccessWorld> {
  const kinds = ACCOUNT_STATUSES.flatMap((ownerStatus) =>
    [false, true].flatMap((ownerIsPrivate) =>
      BLOCKS.map((block) => ({ ownerStatus, ownerIsPrivate, block })),
    ),
  )
  return db.transaction(
    async (tx) => {
      const [stranger, follower, ...ownerIds] = await insertUsers(tx, [
        { status: 'active', isPrivate: false },
        { status: 'active', isPrivate: false },
        ...kinds.map((kind) => ({ status: kind.ownerStatus, isPrivate: kind.ownerIsPrivate })),
      ])
      const owners = kinds.map((kind, index) => ({ ...kind, userId: ownerIds[index]! }))
      const viewers = [stranger!, follower!]
      const between = (block: Block) => owners.filter((owner) => owner.block === block)
      await insertPairs(
        tx,
        'follows (follower_id, followee_id)',
        owners.map((owner) => [follower!, owner.userId]),
      )
      await insertPairs(tx, 'blocks (blocker_id, blocked_id)', [
        ...between('blocking').flatMap((owner) => viewers.map((viewer) => [viewer, owner.userId] as const)),
        ...between('blockedBy').flatMap((owner) => viewers.map((viewer) => [owner.userId, viewer] as const)),
      ])
      const photos = owners.flatMap((owner) =>
        VISIBILITIES.flatMap((visibility) =>
          PHOTO_STATUSES.map((status) => ({ ...owner, photoId: uuidv7(), visibility, status })),
        ),
      )
      await insertPhotos(tx, photos)
      const links: Record<Grant, string> = { none: uuidv7(), byOwner: uuidv7(), byAnother: uuidv7() }
      await insertGrants(tx, links.byOwner, photos, (photo) => photo.userId)
      await insertGrants(tx, links.byAnother, photos, () => stranger!)

      const ownersByKey = new Map(owners.map((owner) => [ownerKey(owner), owner.userId]))
      const photosByKey = new Map(photos.map((photo) => [photoKey(photo), photo.photoId]))
      const ownerOf = (row: AccountCase) => ownersByKey.get(ownerKey(row))!
      const viewersOf: Record<ViewerKind, (row: AccountCase & { grant?: Grant }) => Viewer> = {
        anonymous: () => ANONYMOUS,
        stranger: () => ({ kind: 'user', userId: stranger! }),
        follower: () => ({ kind: 'user', userId: follower! }),
        owner: (row) => ({ kind: 'user', userId: ownerOf(row) }),
        link: (row) => ({ kind: 'link', linkId: links[row.grant ?? 'none'] }),
      }
      return {
        owners,
        photos,
        ownerOf,
        photoOf: (row: PhotoCase) => photosByKey.get(photoKey(row))!,
        viewerOf: (row) => viewersOf[row.viewer](row),
      } satisfies AccessWorld
    },
    { narrows: true },
  )
}

async function insertUsers(
  tx: Transaction,
  users: readonly { status: AccountStatus; isPrivate: boolean }[],
): Promise<UserId[]> {
  const rows = await tx.query<{ user_id: UserId }>({
    text: `INSERT INTO users (username, password_hash, status, is_private)
           SELECT 'u' || replace(gen_random_uuid()::text, '-', ''), 'x', status, is_private
           FROM unnest($1::text[], $2::boolean[]) WITH ORDINALITY AS given (status, is_private, position)
           ORDER BY position RETURNING user_id`,
    values: [users.map((user) => user.status), users.map((user) => user.isPrivate)],
  })
  return rows.map((row) => row.user_id)
}

async function insertPairs(
  tx: Transaction,
  into: string,
  pairs: readonly (readonly [UserId, UserId])[] | (readonly UserId[])[],
): Promise<void> {
  await tx.query({
    text: `INSERT INTO ${into} SELECT * FROM unnest($1::bigint[], $2::bigint[])`,
    values: [pairs.map((pair) => pair[0]), pairs.map((pair) => pair[1])],
  })
}

async function insertPhotos(tx: Transaction, photos: readonly SeededPhoto[]): Promise<void> {
  await tx.query({
    text: `INSERT INTO photos (photo_id, owner_id, visibility, status, storage_key, content_type, bytes,
             upload_expires_at, published_at, score)
           SELECT photo_id, owner_id, visibility, status, 'originals/x', 'image/jpeg', 1, now(), now(), position
           FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[])
             WITH ORDINALITY AS given (photo_id, owner_id, visibility, status, position)`,
    values: [
      photos.map((photo) => photo.photoId),
      photos.map((photo) => photo.userId),
      photos.map((photo) => photo.visibility),
      photos.map((photo) => photo.status),
    ],
  })
}

async function insertGrants(
  tx: Transaction,
  linkId: string,
  photos: readonly SeededPhoto[],
  grantedBy: (photo: SeededPhoto) => UserId,
): Promise<void> {
  await tx.query({
    text: `INSERT INTO share_link_grants (link_id, photo_id, granted_by)
           SELECT $1::uuid, photo_id, granted_by FROM unnest($2::uuid[], $3::bigint[]) AS given (photo_id, granted_by)`,
    values: [linkId, photos.map((photo) => photo.photoId), photos.map(grantedBy)],
  })
}
