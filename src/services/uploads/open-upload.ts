import { v7 as uuidv7 } from 'uuid'
import { DarkroomError, notFound } from '../../domain/errors.ts'
import type { AlbumId, PhotoId, UserId } from '../../domain/ids.ts'
import { Photo, type PhotoRow } from '../../entities/index.ts'
import { insertRow, run } from '../../infra/db/insert.ts'
import { isGone } from '../../infra/db/rules.ts'
import type { Database, Transaction } from '../../infra/db/database.ts'
import type { ObjectStore, PresignedPut } from '../../infra/s3/object-store.ts'
import type { FirstRun } from '../requests/idempotency.ts'
import { addNewPhoto } from '../albums/add-photo.ts'
import { addToOutbox, type Outbox } from '../delivery/outbox.ts'
import { loadPhotoCard, type PhotoCard } from '../photos/photo-cards.ts'
import { incomingKey } from '../photos/object-keys.ts'
import { updatePhotos } from '../photos/change-photos.ts'
import { editedColumns } from '../photos/edited-columns.ts'
import { writeTags } from '../photos/tags.ts'
import type { NewPhoto } from '../photos/new-photo.ts'

export type { PresignedPut }

interface OpenedUpload {
  card: PhotoCard
  upload: PresignedPut
}

interface OpenOptions {
  albumId?: AlbumId | undefined
  first?: FirstRun | undefined
  /** Writes what belongs to the photo in its transaction. */
  beside?: (tx: Transaction, photoId: PhotoId) => Promise<void>
}

/** The client's side of an upload, until its workflow takes over. */
export interface PendingUploads {
  /**
   * Creates a photo that awaits its original, at the end of an album if one is given, and signs the PUT.
   * @throws DarkroomError quota_exceeded; not_found or forbidden if it may not be added to the album
   */
  open(ownerId: UserId, photo: NewPhoto, options?: OpenOptions): Promise<OpenedUpload>
  /** Signs the PUT again. @throws DarkroomError not_found, upload_closed */
  signAnew(ownerId: UserId, photoId: PhotoId): Promise<PresignedPut>
  /** Reports the uploaded original. @throws DarkroomError not_found, not_uploaded, upload_closed */
  complete(ownerId: UserId, photoId: PhotoId): Promise<PhotoCard>
}

export interface PendingUploadsDeps {
  db: Database
  objects: ObjectStore
  outbox: Outbox
  uploadExpirySeconds: number
  maxPendingUploads: number
  maxUploadBytes: number
}

/** `sha256` is the declared one, in hex. */
type UploadRow = Pick<
  PhotoRow,
  'status' | 'content_type' | 'bytes' | 'upload_expires_at' | 'failure_code'
> & {
  sha256: string | null
}

export function createPendingUploads(deps: PendingUploadsDeps): PendingUploads {
  const { db, objects, outbox } = deps

  async function ownCard(ownerId: UserId, photoId: PhotoId): Promise<PhotoCard> {
    const card = await loadPhotoCard(db.primary, { kind: 'user', userId: ownerId }, photoId)
    if (!card) throw notFound('photo')
    return card
  }

  async function ownUpload(ownerId: UserId, photoId: PhotoId): Promise<UploadRow> {
    const [row] = await db.primary<UploadRow>({
      name: 'own-upload',
      text: `SELECT status, content_type, bytes, encode(declared_sha256, 'hex') AS sha256, upload_expires_at, failure_code
             FROM photos p WHERE photo_id = $1 AND owner_id = $2 AND NOT ${isGone('p')}`,
      values: [photoId, ownerId],
    })
    if (!row) throw notFound('photo')
    return row
  }

  /** The signature expires with the upload, so that signing again never moves the workflow's deadline. */
  function presign(
    photoId: PhotoId,
    row: Pick<UploadRow, 'content_type' | 'bytes' | 'sha256'>,
    expiresAt: Date,
  ) {
    return objects.presignPut({
      key: incomingKey(photoId),
      bytes: Number(row.bytes),
      contentType: row.content_type,
      sha256: row.sha256 ?? undefined,
      expiresInSeconds: Math.max(1, Math.floor((expiresAt.getTime() - Date.now()) / 1000)),
    })
  }

  return {
    async open(ownerId, photo, { albumId, first, beside } = {}) {
      if (photo.bytes > deps.maxUploadBytes) {
        throw new DarkroomError('too_large', `A photo may have at most ${deps.maxUploadBytes} bytes.`, {
          fields: [{ path: 'body.bytes', message: `At most ${deps.maxUploadBytes}.` }],
        })
      }
      const photoId = uuidv7()
      const expiresAt = new Date(Date.now() + deps.uploadExpirySeconds * 1000)
      const outboxId = await db.transaction(async (tx) => {
        await assertQuota(tx, ownerId, deps.maxPendingUploads)
        await insertPhoto(tx, { photoId, ownerId, photo, expiresAt })
        await writeTags(tx, photoId, photo.caption)
        if (albumId !== undefined) await addNewPhoto(tx, ownerId, albumId, photoId)
        await beside?.(tx, photoId)
        await first?.keep(tx, { status: 201, resourceId: photoId })
        return addToOutbox(tx, {
          kind: 'uploadOpened',
          payload: { photoId, ownerId, expiresAtMs: expiresAt.getTime() },
        })
      })
      const [card, upload] = await Promise.all([
        ownCard(ownerId, photoId),
        presign(
          photoId,
          { content_type: photo.contentType, bytes: String(photo.bytes), sha256: photo.sha256 ?? null },
          expiresAt,
        ),
        outbox.dispatch([outboxId]),
      ])
      return { card, upload }
    },

    async signAnew(ownerId, photoId) {
      const row = await ownUpload(ownerId, photoId)
      if (row.status !== 'awaiting_upload' || row.upload_expires_at.getTime() <= Date.now())
        throw uploadClosed()
      return presign(photoId, row, row.upload_expires_at)
    },

    async complete(ownerId, photoId) {
      const row = await ownUpload(ownerId, photoId)
      if (row.failure_code === 'upload_expired') throw uploadClosed()
      if (row.status === 'awaiting_upload') {
        const head = await objects.head(incomingKey(photoId))
        if (!head) {
          if (row.upload_expires_at.getTime() <= Date.now()) throw uploadClosed()
          throw new DarkroomError('not_uploaded', 'The storage does not have the original yet; PUT it first.')
        }
        const payload = { photoId, ownerId, expiresAtMs: row.upload_expires_at.getTime() }
        const outboxId = await db.transaction((tx) => addToOutbox(tx, { kind: 'originalArrived', payload }))
        await outbox.dispatch([outboxId])
      }
      return ownCard(ownerId, photoId)
    },
  }
}

function uploadClosed(): DarkroomError {
  return new DarkroomError('upload_closed', 'This upload is closed; open a new one.')
}

/** Counts one user's uploads at a time, so that many at once cannot pass the quota together. */
async function assertQuota(tx: Transaction, ownerId: UserId, maxPending: number): Promise<void> {
  await tx.query({
    text: `SELECT pg_advisory_xact_lock(hashtextextended('uploads/' || $1, 0))`,
    values: [ownerId],
  })
  const [row] = await tx.query<{ pending: number }>({
    text: `SELECT count(*)::int AS pending FROM photos WHERE owner_id = $1 AND status IN ('awaiting_upload', 'processing')`,
    values: [ownerId],
  })
  if (row!.pending >= maxPending) {
    throw new DarkroomError(
      'quota_exceeded',
      `At most ${maxPending} uploads may be pending; finish or delete some.`,
    )
  }
}

async function insertPhoto(
  tx: Transaction,
  {
    photoId,
    ownerId,
    photo: { bytes, sha256, takenAt, location, ...fields },
    expiresAt,
  }: { photoId: PhotoId; ownerId: UserId; photo: NewPhoto; expiresAt: Date },
): Promise<void> {
  const row = {
    ...fields,
    photoId,
    ownerId,
    storageKey: incomingKey(photoId),
    bytes: String(bytes),
    declaredSha256: sha256 === undefined ? null : Buffer.from(sha256, 'hex'),
    uploadExpiresAt: expiresAt,
  }
  await run(tx.query, insertRow(Photo, row, AFTER_OPENING))
  const edited = editedColumns({ takenAt, location })
  if (Object.keys(edited).length > 0) await updatePhotos(tx, [{ photoId, ownerId }], edited)
}

/** What the original tells, unless the owner does. */
const AFTER_OPENING = [
  'blobId',
  'sha256',
  'width',
  'height',
  'thumbhash',
  'takenAt',
  'takenAtOffset',
  'camera',
  'latitude',
  'longitude',
  'failureCode',
  'failureDetail',
  'publishedAt',
  'score',
] as const
