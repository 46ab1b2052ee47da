import { randomBytes } from 'node:crypto'
import { v7 as uuidv7 } from 'uuid'
import type { FeedPosition } from '../../../src/domain/feed-page.ts'
import type { PhotoId, UserId } from '../../../src/domain/ids.ts'
import type { PhotoStatus, Visibility } from '../../../src/domain/visibility.ts'
import type { Database, Query } from '../../../src/infra/db/database.ts'
import type { ObjectStore } from '../../../src/infra/s3/object-store.ts'
import type { Outbox } from '../../../src/services/delivery/outbox.ts'
import { markInFlight } from '../../../src/services/distribution/in-flight-marks.ts'
import { originalKey } from '../../../src/services/blobs/blob-keys.ts'
import { variantKey } from '../../../src/services/photos/object-keys.ts'
import { recordVariant } from '../../../src/services/photos/photo-row.ts'
import { createPhotos, type Photos } from '../../../src/services/photos/photos.ts'
import { writeTags } from '../../../src/services/photos/tags.ts'
import { createUploads } from '../../../src/services/uploads/claim-and-publish.ts'
import { forgetful } from './outbox.ts'

export interface BuildPhotoOptions {
  photoId?: PhotoId
  visibility?: Visibility
  status?: PhotoStatus
  caption?: string
  altText?: string
  /** In ms since 1970, which is its score. */
  publishedAt?: number
  latitude?: number
  camera?: string
  /** Readers merge it, as they do a celebrity's until it is pushed; a private one is not marked. */
  inFlight?: boolean
  /** A thumbnail and the original are recorded; the storage has neither. */
  hasVariants?: boolean
}

/** Statuses of photos that were published once, or offered to their owner. */
const PUBLISHED: readonly PhotoStatus[] = ['ready', 'offered', 'quarantined', 'trashed', 'deleted']
/** Its validation has run, and it is published next. */
const VALIDATED: readonly PhotoStatus[] = ['processing', ...PUBLISHED]

/**
 * A photo as its workflow leaves it, which would take a second with real pixels; so the row is written by SQL. The photo is
 * not pushed to any feed and has no search document.
 */
export async function buildPhoto(
  db: Database,
  ownerId: UserId,
  options: BuildPhotoOptions = {},
): Promise<FeedPosition> {
  const { caption, inFlight = false, hasVariants = false, visibility = 'public' } = options
  if (caption === undefined && !inFlight && !hasVariants) return insertPhoto(db.primary, ownerId, options)
  return db.transaction(async (tx) => {
    const photo = await insertPhoto(tx.query, ownerId, options)
    const { photoId } = photo
    await writeTags(tx, photoId, caption ?? null)
    if (inFlight && visibility !== 'private') await markInFlight(tx, { ...photo, ownerId }, ANY_FOLLOWERS)
    if (hasVariants) {
      const objectKey = variantKey(photoId, 1, 'thumb_200', 'webp')
      const thumbnail = { variant: 'thumb_200', format: 'webp', width: 200, height: 100, bytes: 1_234 }
      await recordVariant(tx.query, photoId, { ...thumbnail, objectKey })
      const original = { variant: 'original', format: 'jpeg', width: 1_000, height: 500, bytes: 10 }
      await recordVariant(tx.query, photoId, { ...original, objectKey: originalKey(photoId) })
      await tx.query({ text: KEPT_ORIGINAL, values: [photoId, randomBytes(32)] })
    }
    return photo
  })
}

const KEPT_ORIGINAL = `
  WITH blob AS (INSERT INTO blobs (blob_id, sha256, bytes, object_key, state)
    SELECT photo_id, $2, bytes, storage_key, 'live' FROM photos WHERE photo_id = $1 RETURNING blob_id)
  UPDATE photos SET blob_id = blob.blob_id, sha256 = $2 FROM blob WHERE photo_id = $1`

async function insertPhoto(
  query: Query,
  ownerId: UserId,
  { photoId = uuidv7(), status = 'ready', visibility = 'public', ...photo }: BuildPhotoOptions,
): Promise<FeedPosition> {
  const [row] = await query<{ score: string | null }>({
    text: `
      INSERT INTO photos (photo_id, owner_id, visibility, status, storage_key, content_type, bytes, caption, alt_text,
        latitude, longitude, camera, sha256, upload_expires_at, width, height, published_at, score)
      SELECT $1::uuid, $2, $3, $4, $5, 'image/jpeg', 10, $6, $7, $8::float8, $8::float8, $9, $10,
        now() + interval '15 minutes', 1000, 500, to_timestamp(ms / 1000.0), ms
      FROM (SELECT CASE WHEN $11::boolean
        THEN coalesce($12::bigint, (extract(epoch FROM clock_timestamp()) * 1000)::bigint) END AS ms) published
      RETURNING score`,
    values: [
      photoId,
      ownerId,
      visibility,
      status,
      originalKey(photoId),
      photo.caption ?? null,
      photo.altText ?? null,
      photo.latitude ?? null,
      photo.camera ?? null,
      VALIDATED.includes(status) ? Buffer.from(photoId.replaceAll('-', ''), 'hex') : null,
      PUBLISHED.includes(status),
      photo.publishedAt ?? null,
    ],
  })
  return { photoId, score: Number(row!.score) }
}

/** What a photo's file and owner say of it. */
export interface PhotoDescription {
  location?: { latitude: number; longitude: number }
  camera?: string
  lens?: string
  /** Local, without a zone. */
  takenAt?: string
  width?: number
  height?: number
  thumbhash?: string
  likes?: number
  shareLocation?: boolean
  shareCamera?: boolean
  shareTakenAt?: boolean
}

/** As validation leaves the row and its neighbours; everything is shared unless said otherwise. */
export async function describePhoto(db: Database, photoId: PhotoId, given: PhotoDescription): Promise<void> {
  await db.primary({
    text: `
      WITH photo AS (
        UPDATE photos SET latitude = $2, longitude = $3, camera = $4, taken_at = $5::timestamp, width = coalesce($6, width),
          height = coalesce($7, height), thumbhash = $8, share_location = $9, share_camera = $10, share_taken_at = $11
        WHERE photo_id = $1),
      counted AS (INSERT INTO photo_counters (photo_id, slot, likes) SELECT $1::uuid, 0, $12 WHERE $12 > 0)
      INSERT INTO photo_metadata (photo_id, orientation, lens) VALUES ($1::uuid, 1, $13)`,
    values: [
      photoId,
      given.location?.latitude ?? null,
      given.location?.longitude ?? null,
      given.camera ?? null,
      given.takenAt ?? null,
      given.width ?? null,
      given.height ?? null,
      given.thumbhash ?? null,
      given.shareLocation ?? true,
      given.shareCamera ?? true,
      given.shareTakenAt ?? true,
      given.likes ?? 0,
      given.lens ?? null,
    ],
  })
}

/** Publishes a photo whose status is `processing`; its push is the caller's. */
export async function publishPhoto(
  db: Database,
  photoId: PhotoId,
  fanoutShardThreshold = NO_FOLLOWERS_SUFFICE,
): Promise<void> {
  const { outcome } = await createUploads({ db, objects: NO_STORAGE, fanoutShardThreshold }).publish(photoId)
  if (outcome !== 'published') throw new Error(`the photo ${photoId} is ${outcome}`)
}

export interface ChangeOptions {
  /** Takes what the change owes to Temporal; without it, it is forgotten, and the rest is the test's to do. */
  outbox?: Outbox
  /** From this many followers on, a photo that comes into feeds is in flight; by default none ever is. */
  fanoutShardThreshold?: number
}

/** The threshold of an author with any number of followers. */
export const ANY_FOLLOWERS = 0
const NO_FOLLOWERS_SUFFICE = Number.MAX_SAFE_INTEGER

/** As the owner's PATCH does. @throws DarkroomError not_found */
export async function editPhoto(
  db: Database,
  photoId: PhotoId,
  changes: Parameters<Photos['update']>[1],
  options: ChangeOptions = {},
): Promise<void> {
  const photos = photosOf(db, options)
  await photos.update(await cardOfOwner(db, photos, photoId), changes, undefined)
}

/** As the owner's DELETE does. @throws DarkroomError not_found */
export async function deletePhoto(
  db: Database,
  photoId: PhotoId,
  options: ChangeOptions = {},
): Promise<void> {
  const photos = photosOf(db, options)
  await photos.delete(await cardOfOwner(db, photos, photoId))
}

/** By SQL: no service quarantines photos yet, and only workflows move one through its upload. */
export async function setPhotoStatus(db: Database, photoId: PhotoId, status: PhotoStatus): Promise<void> {
  await db.transaction(
    (tx) =>
      tx.query({
        text: `UPDATE photos SET status = $2, version = version + 1,
                 published_at = CASE WHEN $3 THEN coalesce(published_at, now()) ELSE published_at END,
                 score = CASE WHEN $3 THEN coalesce(score, (extract(epoch FROM now()) * 1000)::bigint) ELSE score END
               WHERE photo_id = $1`,
        values: [photoId, status, PUBLISHED.includes(status)],
      }),
    { narrows: true },
  )
}

/** The statement by which an edit waits for its photo, as SQL LIKE. */
export const EDIT_WAITS = 'SELECT owner_id, version, %UPDATE'

function photosOf(db: Database, options: ChangeOptions): Photos {
  const { outbox = forgetful(db), fanoutShardThreshold = NO_FOLLOWERS_SUFFICE } = options
  return createPhotos({ db, objects: NO_STORAGE, outbox, fanoutShardThreshold })
}

async function cardOfOwner(db: Database, photos: Photos, photoId: PhotoId) {
  const [row] = await db.primary<{ owner_id: UserId }>({
    name: 'owner-of-photo',
    text: 'SELECT owner_id FROM photos WHERE photo_id = $1',
    values: [photoId],
  })
  return photos.get({ kind: 'user', userId: row!.owner_id }, photoId)
}

/** Neither changes nor publication touch the storage. */
const NO_STORAGE = new Proxy({} as ObjectStore, {
  get(_, name) {
    throw new Error(`the storage was asked to ${String(name)}`)
  },
})
