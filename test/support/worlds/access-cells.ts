import { randomBytes } from 'node:crypto'
import { isAway, type AccountAccess, type AccountRelations } from '../../../src/domain/access.ts'
import type { AlbumRole, GivenRole } from '../../../src/domain/albums.ts'
import type { AlbumId, CommentId, PhotoId } from '../../../src/domain/ids.ts'
import { ANONYMOUS, type Viewer } from '../../../src/domain/viewer.ts'
import { VISIBILITIES, type Visibility } from '../../../src/domain/visibility.ts'
import { originalKey } from '../../../src/services/blobs/blob-keys.ts'
import { recordFileMetadata } from '../../../src/services/photos/file-metadata.ts'
import { makePrivate, setAccountStatus } from '../factories/accounts.ts'
import { block } from '../factories/blocks-and-mutes.ts'
import { follow } from '../factories/follows.ts'
import { buildPhoto, editPhoto } from '../factories/photos.ts'
import { addApp } from '../factories/second-factors.ts'
import type { ApiWorld, Person } from './api-world.ts'

/** What the one who asks is to the account that owns the photos. */
export const PRINCIPALS = [
  'anonymous',
  'stranger',
  'requester',
  'follower',
  'muted by the owner',
  'muting the owner',
  'blocked by the owner',
  'blocking the owner',
  'owner',
  'suspended account',
  'deactivated account',
  'account that is erased',
  'moderator',
  'account with a second factor',
  'album viewer',
  'album contributor',
  'album admin',
  'link holder',
  'link holder with its password',
  'link holder without its password',
  'holder of an expired link',
  'holder of an exhausted link',
] as const
export type Principal = (typeof PRINCIPALS)[number]

const MEMBERS: Partial<Record<Principal, GivenRole>> = {
  'album viewer': 'viewer',
  'album contributor': 'contributor',
  'album admin': 'admin',
}

/** Those who have no account, but a link to each album: what they were given with it, and send with every request. */
const LINK_HOLDERS: Partial<Record<Principal, { fields: object; headers?: Record<string, string> }>> = {
  'link holder': { fields: {} },
  'link holder with its password': {
    fields: { password: 'fog-2026' },
    headers: { 'X-Share-Password': 'fog-2026' },
  },
  'link holder without its password': { fields: { password: 'fog-2026' } },
  'holder of an expired link': { fields: { expiresAt: '2099-01-01T00:00:00Z' } },
  'holder of an exhausted link': { fields: { maxViews: 1 } },
}

export const holdsLink = ({ principal }: Pick<Cell, 'principal'>) => principal in LINK_HOLDERS
export const headersOf = ({ principal }: Pick<Cell, 'principal'>) => LINK_HOLDERS[principal]?.headers ?? {}

/** In the account's albums; null for those who are no members. */
export const roleOf = ({ principal }: Pick<Cell, 'principal'>): AlbumRole | null =>
  principal === 'owner' ? 'owner' : (MEMBERS[principal] ?? null)

/** The account that owns the photos. */
export const ACCOUNTS = {
  public: { isPrivate: false, status: 'active' },
  private: { isPrivate: true, status: 'active' },
  suspended: { isPrivate: false, status: 'suspended' },
  deactivated: { isPrivate: false, status: 'deactivated' },
  erasing: { isPrivate: false, status: 'erasing' },
} as const satisfies Record<string, AccountAccess>
export type Account = keyof typeof ACCOUNTS

export interface CellPhoto {
  photoId: PhotoId
  visibility: Visibility
  /** Its camera and place are shown to others. */
  isShared: boolean
  /** By the owner. */
  commentId: CommentId
  /** An album of the owner's with this photo alone, of the same visibility. A shared photo is in none. */
  albumId?: AlbumId
  /** Of a link to that album, of those who hold one. */
  linkToken?: string
}

/** Somebody who asks, and an account with photos that they ask for. The account follows them, which gives no right. */
export interface Cell {
  principal: Principal
  account: Account
  /** Undefined for those without an account. */
  asker: Person | undefined
  owner: Person
  /** Somebody who has to do with neither. */
  bystander: Person
  /** On each photo of the account, and on no other account's. */
  tag: string
  photos: readonly CellPhoto[]
}

type Wanted = Pick<CellPhoto, 'visibility' | 'isShared'>
const EACH_PHOTO: readonly Wanted[] = VISIBILITIES.flatMap((visibility) =>
  [false, true].map((isShared) => ({ visibility, isShared })),
)
const IS_PUBLIC = ({ visibility }: Wanted) => visibility === 'public'

/** One of each kind. An account that is not active hides its public photos, so the others add nothing. */
export const photosOf = (account: Account): readonly Wanted[] =>
  ACCOUNTS[account].status === 'active' ? EACH_PHOTO : EACH_PHOTO.filter(IS_PUBLIC)

const OF_THE_ABSENT: readonly Principal[] = ['stranger', 'owner', 'link holder']
/** Their own tokens are refused, whatever they ask for. */
const ABSENT: readonly Principal[] = ['deactivated account', 'account that is erased']

/** A request to follow waits only at a private account. */
export const isPossible = (principal: Principal, account: Account) =>
  (principal !== 'requester' || account === 'private') &&
  // Whoever is away is hidden as whoever is suspended: some of each kind suffice.
  (!isAway(ACCOUNTS[account].status) || OF_THE_ABSENT.includes(principal)) &&
  (!ABSENT.includes(principal) || account === 'public') &&
  // What a link shows does not depend on the privacy of the account, and a link of none is absent, whatever it needs.
  (!(principal in LINK_HOLDERS) || account === 'public' || principal === 'link holder')

export async function buildCell(
  world: ApiWorld,
  principal: Principal,
  account: Account,
  wanted: readonly Wanted[],
): Promise<Cell> {
  const { db } = world
  const owner = await world.signUp()
  const asker =
    principal === 'anonymous' || principal in LINK_HOLDERS
      ? undefined
      : principal === 'owner'
        ? owner
        : await world.signUp()
  const bystander = await world.signUp()
  const tag = `t${randomBytes(8).toString('hex')}`
  const photos: CellPhoto[] = []
  for (const { visibility, isShared } of wanted) {
    const made = await publish(world, owner, tag, { visibility, isShared })
    const albumId = isShared ? {} : { albumId: await openAlbum(world, owner, visibility, made.photoId) }
    const linkToken = albumId.albumId && (await openLink(world, owner, principal, albumId.albumId))
    photos.push({ visibility, isShared, ...made, ...albumId, ...(linkToken ? { linkToken } : {}) })
  }

  if (asker && asker !== owner) {
    await follow(db, owner.id, asker.id)
    if (principal === 'follower') await follow(db, asker.id, owner.id)
  }
  const role = MEMBERS[principal]
  if (role)
    for (const { albumId } of photos) if (albumId) await addMember(world, owner, albumId, asker!, role)
  if (ACCOUNTS[account].isPrivate) await makePrivate(db, owner.id)
  if (asker) await relate(world, principal, asker, owner)
  if (asker && principal === 'account with a second factor') await addApp(world, asker)
  if (ACCOUNTS[account].status !== 'active') await setAccountStatus(db, owner.id, ACCOUNTS[account].status)
  return { principal, account, asker, owner, bystander, tag, photos }
}

async function relate({ db }: ApiWorld, principal: Principal, asker: Person, owner: Person): Promise<void> {
  // By SQL: the service would wait for the replica each time.
  const mute = (muter: Person, muted: Person) =>
    db.primary({
      text: 'INSERT INTO mutes (muter_id, muted_id) VALUES ($1, $2)',
      values: [muter.id, muted.id],
    })
  if (principal === 'requester') await follow(db, asker.id, owner.id)
  if (principal === 'muted by the owner') await mute(owner, asker)
  if (principal === 'muting the owner') await mute(asker, owner)
  if (principal === 'blocked by the owner') await block(db, owner.id, asker.id)
  if (principal === 'blocking the owner') await block(db, asker.id, owner.id)
  if (principal === 'suspended account') await setAccountStatus(db, asker.id, 'suspended')
  if (principal === 'account that is erased') await setAccountStatus(db, asker.id, 'erasing')
  if (principal === 'deactivated account') await setAccountStatus(db, asker.id, 'deactivated')
  if (principal === 'moderator') {
    // No service gives the role yet.
    await db.primary({ text: `UPDATE users SET role = 'moderator' WHERE user_id = $1`, values: [asker.id] })
  }
}

async function publish(
  world: ApiWorld,
  owner: Person,
  tag: string,
  { visibility, isShared }: Wanted,
): Promise<Pick<CellPhoto, 'photoId' | 'commentId'>> {
  const { db, api } = world
  const { photoId } = await buildPhoto(db, owner.id, {
    visibility,
    caption: `#${tag}`,
    latitude: 48.1,
    camera: 'Rolleiflex 2.8F',
    hasVariants: true,
  })
  const file = {
    orientation: 1,
    location: { latitude: 48.1, longitude: 48.1 },
    cameraModel: 'Rolleiflex 2.8F',
  }
  await recordFileMetadata(db.primary, photoId, file)
  if (isShared) await editPhoto(db, photoId, { shareLocation: true, shareCamera: true })
  await api.clients.objects.put(originalKey(photoId), Buffer.from('pixels'), 'image/jpeg')
  const commented = await world.call('POST', `/v1/photos/${photoId}/comments`, {
    token: owner.token,
    body: { text: 'First.' },
  })
  return { photoId, commentId: commented.body.comment.id }
}

async function openAlbum(
  world: ApiWorld,
  owner: Person,
  visibility: Visibility,
  coverPhotoId: PhotoId,
): Promise<AlbumId> {
  const body = { title: 'Album', visibility, coverPhotoId }
  const { album } = (await world.call('POST', '/v1/albums', { token: owner.token, body })).body
  // As if a guest had offered the photo, and the owner had approved it.
  await world.db.primary({
    text: 'INSERT INTO drop_box_items (photo_id, album_id) VALUES ($1, $2)',
    values: [coverPhotoId, album.id],
  })
  return album.id
}

/** @returns the token of a link to the album, for those who hold one */
async function openLink(
  world: ApiWorld,
  owner: Person,
  principal: Principal,
  albumId: AlbumId,
): Promise<string | undefined> {
  const holder = LINK_HOLDERS[principal]
  if (!holder) return undefined
  const path = `/v1/albums/${albumId}/share-links`
  const body = { allowUpload: true, ...holder.fields }
  const { link } = (await world.call('POST', path, { token: owner.token, body })).body
  if (principal === 'holder of an exhausted link') await world.call('GET', `/v1/share/${link.token}`)
  if (principal === 'holder of an expired link') {
    await world.db.primary({
      text: `UPDATE share_links SET expires_at = now() - interval '1 second' WHERE link_id = $1`,
      values: [link.id],
    })
  }
  return link.token
}

async function addMember(
  world: ApiWorld,
  owner: Person,
  albumId: AlbumId,
  { username }: Person,
  role: GivenRole,
): Promise<void> {
  await world.call('PUT', `/v1/albums/${albumId}/members/${username}`, { token: owner.token, body: { role } })
}

export function viewerOf({ asker }: Cell): Viewer {
  return asker ? { kind: 'user', userId: asker.id } : ANONYMOUS
}

export function relationsOf({ principal }: Cell): AccountRelations {
  return {
    follows: principal === 'follower',
    blocking: principal === 'blocking the owner',
    blockedBy: principal === 'blocked by the owner',
  }
}
