import { randomBytes } from 'node:crypto'
import { v7 as uuidv7 } from 'uuid'
import {
  BLOCKS,
  GRANTS,
  type AccountCase,
  type AlbumCase,
  type Block,
  type Grant,
  type PhotoCase,
  type ViewerKind,
} from '../../../src/domain/access.table.ts'
import { ACCOUNT_STATUSES, type AccountStatus } from '../../../src/domain/access.ts'
import type { AlbumId, PhotoId, UserId } from '../../../src/domain/ids.ts'
import { ANONYMOUS, type Viewer } from '../../../src/domain/viewer.ts'
import {
  PHOTO_STATUSES,
  VISIBILITIES,
  type PhotoStatus,
  type Visibility,
} from '../../../src/domain/visibility.ts'
import type { Database } from '../../../src/infra/db/database.ts'
import { buildUser, makePrivate, setAccountStatus } from '../factories/accounts.ts'
import { block } from '../factories/blocks-and-mutes.ts'
import { follow } from '../factories/follows.ts'
import { buildPhoto } from '../factories/photos.ts'
import { settle } from '../replica.ts'

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
  albumOf(row: AlbumCase): AlbumId
  /** The viewer of a case; the owner's own is a different one for each owner. */
  viewerOf(row: AccountCase & { grant?: Grant }): Viewer
}

const ownerKey = ({ ownerStatus, ownerIsPrivate, block }: Omit<AccountCase, 'viewer'>) =>
  [ownerStatus, ownerIsPrivate, block].join()
const photoKey = (of: Pick<PhotoCase, 'visibility' | 'status'> & Omit<AccountCase, 'viewer'>) =>
  [ownerKey(of), of.visibility, of.status].join()

export async function seedAccessWorld(db: Database): Promise<AccessWorld> {
  const kinds = ACCOUNT_STATUSES.flatMap((ownerStatus) =>
    [false, true].flatMap((ownerIsPrivate) =>
      BLOCKS.map((block) => ({ ownerStatus, ownerIsPrivate, block })),
    ),
  )
  const strangers = await buildViewers(db)
  const followers = await buildViewers(db)
  const viewers = [...Object.values(strangers), ...Object.values(followers)]

  /** Followed first, as a block or a closed account would keep the follow from being made. */
  async function buildOwner(kind: Omit<SeededOwner, 'userId'>): Promise<SeededOwner> {
    const { userId } = await buildUser(db)
    for (const follower of Object.values(followers)) await follow(db, follower, userId)
    for (const viewer of viewers) {
      if (kind.block === 'blocking') await block(db, viewer, userId)
      if (kind.block === 'blockedBy') await block(db, userId, viewer)
    }
    if (kind.ownerIsPrivate) await makePrivate(db, userId)
    await setAccountStatus(db, userId, kind.ownerStatus)
    return { ...kind, userId }
  }
  const owners: SeededOwner[] = []
  for (const kind of kinds) owners.push(await buildOwner(kind))

  const photos: SeededPhoto[] = await Promise.all(
    owners
      .flatMap((owner) => VISIBILITIES.map((visibility) => ({ ...owner, visibility })))
      .flatMap((photo) => PHOTO_STATUSES.map((status) => ({ ...photo, status })))
      .map(async (photo) => ({ ...photo, ...(await buildPhoto(db, photo.userId, photo)) })),
  )
  const { userId: host } = await buildUser(db)
  const linkTo = async (...[shown, addedBy, options]: [readonly SeededPhoto[], AddedBy, AlbumOptions?]) =>
    insertLink(db, await insertAlbum(db, [host], shown, addedBy, options))
  const links: Record<Grant, string> = {
    none: await linkTo([], byOwner),
    byOwner: await linkTo(photos, byOwner),
    byAnother: await linkTo(photos, () => strangers.none),
    withheld: await linkTo(photos, byOwner, { shownByLinks: false }),
  }
  const members = (grant: Grant) => [strangers[grant], followers[grant]]
  await insertAlbum(db, members('byOwner'), photos, byOwner)
  await insertAlbum(db, members('byAnother'), photos, () => strangers.none)
  const albums = await insertAlbums(db, owners, members('byOwner'))
  await settle(db)

  const ownersByKey = new Map(owners.map((owner) => [ownerKey(owner), owner.userId]))
  const photosByKey = new Map(photos.map((photo) => [photoKey(photo), photo.photoId]))
  const ownerOf = (row: AccountCase) => ownersByKey.get(ownerKey(row))!
  const viewersOf: Record<ViewerKind, (row: AccountCase & { grant?: Grant }) => Viewer> = {
    anonymous: () => ANONYMOUS,
    stranger: (row) => ({ kind: 'user', userId: strangers[row.grant ?? 'none'] }),
    follower: (row) => ({ kind: 'user', userId: followers[row.grant ?? 'none'] }),
    owner: (row) => ({ kind: 'user', userId: ownerOf(row) }),
    link: (row) => ({ kind: 'link', linkId: links[row.grant ?? 'none'] }),
  }
  return {
    owners,
    photos,
    ownerOf,
    photoOf: (row: PhotoCase) => photosByKey.get(photoKey(row))!,
    albumOf: (row) => albums.get([ownerOf(row), row.visibility].join())!,
    viewerOf: (row) => viewersOf[row.viewer](row),
  }
}

/** By SQL, as its album is. */
async function insertLink(db: Database, albumId: AlbumId): Promise<string> {
  const linkId = uuidv7()
  await db.primary({
    text: `INSERT INTO share_links (link_id, album_id, created_by, token_hash)
           SELECT $1, album_id, owner_id, $3 FROM albums WHERE album_id = $2`,
    values: [linkId, albumId, randomBytes(32)],
  })
  return linkId
}

/** Of each kind of grant, a viewer who gets it by membership: no photo is granted to the others. */
async function buildViewers(db: Database): Promise<Record<Grant, UserId>> {
  const viewers: [Grant, UserId][] = []
  for (const grant of GRANTS) viewers.push([grant, (await buildUser(db)).userId])
  return Object.fromEntries(viewers) as Record<Grant, UserId>
}

type AddedBy = (photo: SeededPhoto) => UserId
type AlbumOptions = { shownByLinks?: boolean }
const byOwner: AddedBy = ({ userId }) => userId

/** By SQL: nobody can add the photo of another account, or one that is deleted. */
async function insertAlbum(
  db: Database,
  memberIds: readonly UserId[],
  photos: readonly SeededPhoto[],
  addedBy: AddedBy,
  { shownByLinks = true }: AlbumOptions = {},
): Promise<AlbumId> {
  const albumId = uuidv7()
  await db.primary({
    text: `INSERT INTO albums (album_id, owner_id, title) VALUES ($1, $2, 'of photos')`,
    values: [albumId, memberIds[0]],
  })
  await insertMembers(db, [albumId], memberIds)
  await db.primary({
    text: `INSERT INTO album_photos (album_id, photo_id, added_by, position, score, shown_by_links)
           SELECT $1::uuid, photo_id, added_by, place, place, $4
           FROM unnest($2::uuid[], $3::bigint[]) WITH ORDINALITY AS given (photo_id, added_by, place)`,
    values: [albumId, photos.map((photo) => photo.photoId), photos.map(addedBy), shownByLinks],
  })
  return albumId
}

/** An album of each owner and visibility, by owner and visibility. By SQL: membership across a block ends. */
async function insertAlbums(
  db: Database,
  owners: readonly SeededOwner[],
  memberIds: readonly UserId[],
): Promise<Map<string, AlbumId>> {
  const albums = new Map<string, AlbumId>()
  for (const { userId } of owners) {
    for (const visibility of VISIBILITIES) {
      const albumId = uuidv7()
      albums.set([userId, visibility].join(), albumId)
      await db.primary({
        text: `INSERT INTO albums (album_id, owner_id, title, visibility) VALUES ($1, $2, 'of an owner', $3)`,
        values: [albumId, userId, visibility],
      })
    }
  }
  await insertMembers(db, [...albums.values()], memberIds)
  return albums
}

async function insertMembers(
  db: Database,
  albumIds: readonly AlbumId[],
  memberIds: readonly UserId[],
): Promise<void> {
  await db.primary({
    text: `INSERT INTO album_members (album_id, user_id, role)
           SELECT album_id, user_id, 'viewer' FROM unnest($1::uuid[]) album_id, unnest($2::bigint[]) user_id`,
    values: [albumIds, memberIds],
  })
}
