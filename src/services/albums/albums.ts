import { v7 as uuidv7 } from 'uuid'
import type { AlbumOrder } from '../../domain/albums.ts'
import { DarkroomError, invalidField, notFound } from '../../domain/errors.ts'
import type { AlbumId, PhotoId, UserId } from '../../domain/ids.ts'
import { MAX_ITEMS } from '../../domain/limits.ts'
import type { LinkId, UserViewer } from '../../domain/viewer.ts'
import type { Visibility } from '../../domain/visibility.ts'
import { Album, AlbumMember } from '../../entities/index.ts'
import type { Database, Transaction } from '../../infra/db/database.ts'
import { insertRow, run } from '../../infra/db/insert.ts'
import { accountOnly, visibleTo } from '../../infra/db/rules.ts'
import type { Reader } from '../lists/list-read.ts'
import type { FirstRun } from '../requests/idempotency.ts'
import { addToOutbox, type Outbox } from '../delivery/outbox.ts'
import { recordActivity } from './activity.ts'
import { addPhoto } from './add-photo.ts'
import { loadAlbumCard, type AlbumCard } from './album-cards.ts'
import { assertRoleMay, holdAlbum, lockAlbumAccount } from './held-album.ts'
import { holdSeenPhoto } from './held-photo.ts'

interface NewAlbum {
  title: string
  description: string | null
  visibility: Visibility
  order: AlbumOrder
  /** Added as the first photo. */
  coverPhotoId: PhotoId | null
}

/** Undefined leaves a field as it is; null empties it. */
type AlbumChanges = { [Field in keyof NewAlbum]?: NewAlbum[Field] | undefined }

export interface Albums {
  /** @throws DarkroomError quota_exceeded, invalid unless the cover is a photo of the viewer's */
  create(viewer: UserViewer, album: NewAlbum, first?: FirstRun): Promise<AlbumCard>
  /** @throws DarkroomError not_found */
  get(reader: Reader<UserViewer>, albumId: AlbumId): Promise<AlbumCard>
  /**
   * @param expectedVersions if given, the album must be at one of them
   * @throws DarkroomError not_found, forbidden, precondition_failed, invalid for a cover that the album does not show
   */
  update(
    viewer: UserViewer,
    albumId: AlbumId,
    changes: AlbumChanges,
    expectedVersions: readonly number[] | undefined,
  ): Promise<AlbumCard>
  /** Ends all that was granted through it and its share links; the photos stay. @throws DarkroomError not_found, forbidden */
  delete(viewer: UserViewer, albumId: AlbumId): Promise<void>
}

export function createAlbums({ db, outbox }: { db: Database; outbox: Outbox }): Albums {
  return {
    async create(viewer, { coverPhotoId, order, ...texts }, first) {
      const { userId } = viewer
      const albumId = uuidv7()
      await db.transaction(async (tx) => {
        await lockAlbumAccount(tx, userId)
        await assertRoomForAlbum(tx, userId)
        const cover = coverPhotoId === null ? undefined : await holdSeenPhoto(tx, viewer, coverPhotoId, null)
        if (coverPhotoId !== null && (cover?.ownerId !== userId || cover.status === 'failed')) {
          throw invalidField('body.coverPhotoId', 'Not a photo of yours.')
        }
        const row = { ...texts, albumId, ownerId: userId, photoOrder: order, coverPhotoId }
        await run(tx.query, insertRow(Album, row))
        await run(tx.query, insertRow(AlbumMember, { albumId, userId, role: 'owner' }))
        await recordActivity(tx, { albumId, actorId: userId, kind: 'created' })
        if (cover) await addPhoto(tx, viewer, { albumId, photoCount: 0, ownerId: userId }, cover)
        await first?.keep(tx, { status: 201, resourceId: albumId })
      })
      return loadAlbumCard(db.primary, viewer, albumId)
    },

    get: ({ query, viewer }, albumId) => loadAlbumCard(query, viewer, albumId),

    async update(viewer, albumId, changes, expectedVersions) {
      await db.transaction((tx) => edit(tx, viewer, albumId, changes, expectedVersions))
      return loadAlbumCard(db.primary, viewer, albumId)
    },

    async delete(viewer, albumId) {
      const outboxIds = await db.transaction(async (tx) => {
        const { role, ownerId } = await holdAlbum(tx, viewer, albumId)
        assertRoleMay(role, 'transfer or delete')
        const links = await tx.query<{ link_id: LinkId }>({
          text: 'DELETE FROM share_links WHERE album_id = $1 RETURNING link_id',
          values: [albumId],
        })
        await tx.query({ text: 'DELETE FROM albums WHERE album_id = $1', values: [albumId] })
        const ids: string[] = []
        for (const { link_id: linkId } of links)
          ids.push(await addToOutbox(tx, { kind: 'linkChanged', payload: { linkId, ownerId } }))
        return ids
      })
      await outbox.dispatch(outboxIds)
    },
  }
}

async function edit(
  tx: Transaction,
  viewer: UserViewer,
  albumId: AlbumId,
  changes: AlbumChanges,
  expectedVersions: readonly number[] | undefined,
): Promise<void> {
  const { role } = await holdAlbum(tx, viewer, albumId)
  assertRoleMay(role, 'edit')
  const album = await tx.em.findOne(Album, { albumId })
  if (!album) throw notFound('album')
  if (expectedVersions && !expectedVersions.includes(album.version)) {
    throw new DarkroomError('precondition_failed', 'The album has changed since then; fetch it again.')
  }
  if (typeof changes.coverPhotoId === 'string') await assertShows(tx, viewer, albumId, changes.coverPhotoId)
  const { version, title } = album
  assign(album, changes)
  await tx.em.flush()
  if (album.version === version) return
  const kind = album.title === title ? 'edited' : 'renamed'
  await recordActivity(tx, { albumId, actorId: viewer.userId, kind })
}

function assign(album: Album, { order = album.photoOrder, ...changes }: AlbumChanges): void {
  if (order !== album.photoOrder) album.orderEpoch += 1
  album.photoOrder = order
  if (changes.title !== undefined) album.title = changes.title
  if (changes.description !== undefined) album.description = changes.description
  if (changes.visibility !== undefined) album.visibility = changes.visibility
  if (changes.coverPhotoId !== undefined) album.coverPhotoId = changes.coverPhotoId
}

const SHOWS = `
  SELECT FROM album_photos i JOIN photos p ON p.photo_id = i.photo_id JOIN users u ON u.user_id = p.owner_id
  WHERE i.album_id = $1 AND i.photo_id = $2 AND ${visibleTo('p', 'u', accountOnly('$3::bigint'))}`

/** @throws DarkroomError invalid */
async function assertShows(
  tx: Transaction,
  viewer: UserViewer,
  albumId: AlbumId,
  photoId: PhotoId,
): Promise<void> {
  const rows = await tx.query({ text: SHOWS, values: [albumId, photoId, viewer.userId] })
  if (rows.length === 0) throw invalidField('body.coverPhotoId', 'Not a photo of this album.')
}

/** The account is locked, so that many at once cannot pass the quota together. @throws DarkroomError quota_exceeded */
export async function assertRoomForAlbum(tx: Transaction, userId: UserId): Promise<void> {
  const [row] = await tx.query<{ albums: number }>({
    text: 'SELECT count(*)::integer AS albums FROM albums WHERE owner_id = $1',
    values: [userId],
  })
  if (row!.albums < MAX_ITEMS.albumsPerUser) return
  throw new DarkroomError('quota_exceeded', `An account owns at most ${MAX_ITEMS.albumsPerUser} albums.`)
}
