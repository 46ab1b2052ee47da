import { DarkroomError } from '../../domain/errors.ts'
import type { AlbumId, PhotoId, UserId } from '../../domain/ids.ts'
import { MAX_ITEMS } from '../../domain/limits.ts'
import type { UserViewer } from '../../domain/viewer.ts'
import { AlbumPhoto } from '../../entities/index.ts'
import type { Transaction } from '../../infra/db/database.ts'
import { insertRow, run } from '../../infra/db/insert.ts'
import { recordActivity } from './activity.ts'
import { assertRoleMay, holdAlbum, type AlbumStanding } from './held-album.ts'
import { placeFor } from './place.ts'

interface AddedPhoto {
  photoId: PhotoId
  /** Null until it is published. */
  score: string | null
}

export interface PutOptions {
  /** How many of the photos that the viewer sees come before it. */
  index?: number | undefined
  /** Whether share links of the album show the photo. By default those of the viewer's own album do. */
  shownByLinks?: boolean | undefined
}

/**
 * Adds a photo of the viewer's to an album that does not have it. Photo and album are locked.
 * @throws DarkroomError quota_exceeded
 */
export async function addPhoto(
  tx: Transaction,
  viewer: UserViewer,
  { albumId, photoCount, ownerId }: Pick<AlbumStanding, 'albumId' | 'photoCount' | 'ownerId'>,
  { photoId, score }: AddedPhoto,
  { index, shownByLinks = ownerId === viewer.userId }: PutOptions = {},
): Promise<void> {
  if (photoCount >= MAX_ITEMS.photosPerAlbum) {
    throw new DarkroomError('quota_exceeded', `An album holds at most ${MAX_ITEMS.photosPerAlbum} photos.`)
  }
  if ((await countAlbums(tx, photoId)) >= MAX_ITEMS.albumsPerPhoto) {
    throw new DarkroomError('quota_exceeded', `A photo is in at most ${MAX_ITEMS.albumsPerPhoto} albums.`)
  }
  await run(
    tx.query,
    insertRow(AlbumPhoto, {
      albumId,
      photoId,
      addedBy: viewer.userId,
      position: await placeFor(tx, { albumId, photoId, viewer }, index),
      score: score ?? String(Date.now()),
      shownByLinks,
    }),
  )
  await recordActivity(tx, { albumId, actorId: viewer.userId, kind: 'photo_added', photoId })
}

async function countAlbums(tx: Transaction, photoId: PhotoId): Promise<number> {
  const [row] = await tx.query<{ albums: number }>({
    text: 'SELECT count(*)::integer AS albums FROM album_photos WHERE photo_id = $1',
    values: [photoId],
  })
  return row!.albums
}

/**
 * Adds a photo that the transaction has just created, at the end of the album.
 * @throws DarkroomError not_found, forbidden, quota_exceeded
 */
export async function addNewPhoto(
  tx: Transaction,
  ownerId: UserId,
  albumId: AlbumId,
  photoId: PhotoId,
): Promise<void> {
  const viewer: UserViewer = { kind: 'user', userId: ownerId }
  const album = await holdAlbum(tx, viewer, albumId)
  assertRoleMay(album.role, 'add photos to')
  await addPhoto(tx, viewer, album, { photoId, score: null })
}
