import { v7 as uuidv7 } from 'uuid'
import { DarkroomError, notFound } from '../../domain/errors.ts'
import type { AlbumId, PhotoId, UserId } from '../../domain/ids.ts'
import { MAX_PUT_BYTES, MULTIPART_FROM_BYTES } from '../../domain/upload-parts.ts'
import { Photo, type PhotoRow } from '../../entities/index.ts'
import { insertRow, run } from '../../infra/db/insert.ts'
import { isGone } from '../../infra/db/rules.ts'
import type { Database, Transaction } from '../../infra/db/database.ts'
import type { ObjectStore, PresignedPut } from '../../infra/s3/object-store.ts'
import type { FirstRun } from '../requests/idempotency.ts'
import { addNewPhoto } from '../albums/add-photo.ts'
import { addToOutbox, type Outbox } from '../delivery/outbox.ts'
import { closeIncoming, isTombstone } from '../photos/incoming.ts'
import { loadPhotoCard, type PhotoCard } from '../photos/photo-cards.ts'
import { incomingKey } from '../photos/object-keys.ts'
import { updatePhotos } from '../photos/change-photos.ts'
import { editedColumns } from '../photos/edited-columns.ts'
import { writeTags } from '../photos/tags.ts'
import type { NewPhoto } from '../photos/new-photo.ts'
import {
  assembleParts,
  beginParts,
  partsTargetOf,
  recordParts,
  type ClaimedPart,
  type PartsTarget,
} from './multipart-uploads.ts'
import { admitUpload, type UploadLimits } from './upload-quota.ts'

export type { PresignedPut }

/** Where the original goes: in one PUT, or in parts. */
export type UploadTarget = PresignedPut | PartsTarget

interface OpenedUpload<Target extends UploadTarget = UploadTarget> {
  card: PhotoCard
  upload: Target
}

interface OpenOptions {
  /** The client can send parts; only large originals come in them. */
  multipart?: boolean | undefined
  albumId?: AlbumId | undefined
  first?: FirstRun | undefined
  /** Writes what belongs to the photo in its transaction. */
  beside?: (tx: Transaction, photoId: PhotoId) => Promise<void>
}

/** The client's side of an upload, until its workflow takes over. */
export interface PendingUploads {
  /**
   * Creates a photo that awaits its original, at the end of an album if one is given, and says where the original goes.
   * @throws DarkroomError quota_exceeded, too_large, rate_limited; not_found or forbidden if it may not be added to the album
   */
  open(
    ownerId: UserId,
    photo: NewPhoto,
    options?: OpenOptions & { multipart?: false },
  ): Promise<OpenedUpload<PresignedPut>>
  open(ownerId: UserId, photo: NewPhoto, options?: OpenOptions): Promise<OpenedUpload>
  /** Says again where the original goes, with a new signature. @throws DarkroomError not_found, upload_closed */
  signAnew(ownerId: UserId, photoId: PhotoId): Promise<UploadTarget>
  /** The same while nothing has arrived; null afterwards. @throws DarkroomError not_found */
  targetOf(ownerId: UserId, photoId: PhotoId): Promise<UploadTarget | null>
  /**
   * Reports the uploaded original, or that all of its parts are there.
   * @throws DarkroomError not_found, not_uploaded, upload_closed, invalid
   */
  complete(ownerId: UserId, photoId: PhotoId, parts?: readonly ClaimedPart[]): Promise<PhotoCard>
  /** Gives the upload up: its URLs stop working. @throws DarkroomError not_found, upload_closed once it has arrived */
  abort(ownerId: UserId, photoId: PhotoId): Promise<void>
}

export interface PendingUploadsDeps {
  db: Database
  objects: ObjectStore
  outbox: Outbox
  uploadExpirySeconds: number
  /** Of one that arrives in parts: days may pass until a client goes on. */
  multipartExpirySeconds: number
  maxUploadBytes: number
  limits: UploadLimits
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

  /** What is still awaited of an upload; null if it is over, or its original is there. */
  async function awaited(photoId: PhotoId, row: UploadRow): Promise<UploadTarget | null> {
    if (row.status !== 'awaiting_upload' || row.upload_expires_at.getTime() <= Date.now()) return null
    return (
      (await partsTargetOf(db.primary, photoId, row.upload_expires_at)) ??
      (await presign(photoId, row, row.upload_expires_at))
    )
  }

  async function hasArrived(photoId: PhotoId): Promise<boolean> {
    const head = await objects.head(incomingKey(photoId))
    return head !== undefined && !isTombstone(head)
  }

  /** Makes the original of its parts, if it comes in parts. @throws DarkroomError not_uploaded, upload_closed, invalid unless it is there */
  async function gather(
    photoId: PhotoId,
    row: UploadRow,
    claimed: readonly ClaimedPart[] | undefined,
  ): Promise<void> {
    const parts = await partsTargetOf(db.primary, photoId, row.upload_expires_at)
    if (parts) await assembleParts(objects, photoId, parts, Number(row.bytes), claimed)
    if (await hasArrived(photoId)) return
    if (row.upload_expires_at.getTime() <= Date.now()) throw uploadClosed()
    throw new DarkroomError('not_uploaded', 'The storage does not have the original yet; PUT it first.')
  }

  /** @throws unless `work` ends; then what the storage keeps for the parts is forgotten */
  async function orAbort<T>(
    photoId: PhotoId,
    parts: PartsTarget | undefined,
    work: () => Promise<T>,
  ): Promise<T> {
    try {
      return await work()
    } catch (error) {
      // If this fails too, the sweep finds an upload that no row names.
      if (parts) await objects.abortParts(incomingKey(photoId), parts.uploadId).catch(() => undefined)
      throw error
    }
  }

  async function open(
    ownerId: UserId,
    photo: NewPhoto,
    { albumId, first, beside, multipart = false }: OpenOptions = {},
  ): Promise<OpenedUpload> {
    const inParts = multipart && photo.bytes > MULTIPART_FROM_BYTES
    refuseTooLarge(
      photo.bytes,
      inParts ? deps.maxUploadBytes : Math.min(MAX_PUT_BYTES, deps.maxUploadBytes),
      deps.maxUploadBytes,
    )
    const photoId = uuidv7()
    const lifeSeconds = inParts ? deps.multipartExpirySeconds : deps.uploadExpirySeconds
    const expiresAt = new Date(Date.now() + lifeSeconds * 1000)
    const parts = inParts ? await beginParts(objects, photoId, photo.contentType, expiresAt) : undefined
    const outboxId = await orAbort(photoId, parts, () =>
      db.transaction(async (tx) => {
        await admitUpload(tx, ownerId, photo.bytes, deps.limits)
        await insertPhoto(tx, { photoId, ownerId, photo, expiresAt })
        if (parts) await recordParts(tx, photoId, parts)
        await writeTags(tx, photoId, photo.caption)
        if (albumId !== undefined) await addNewPhoto(tx, ownerId, albumId, photoId)
        await beside?.(tx, photoId)
        await first?.keep(tx, { status: 201, resourceId: photoId })
        return addToOutbox(tx, {
          kind: 'uploadOpened',
          payload: { photoId, ownerId, expiresAtMs: expiresAt.getTime() },
        })
      }),
    )
    const declared = {
      content_type: photo.contentType,
      bytes: String(photo.bytes),
      sha256: photo.sha256 ?? null,
    }
    const [card, upload] = await Promise.all([
      ownCard(ownerId, photoId),
      parts ?? presign(photoId, declared, expiresAt),
      outbox.dispatch([outboxId]),
    ])
    return { card, upload }
  }

  return {
    // Without `multipart`, `open` always signs a PUT.
    open: open as PendingUploads['open'],

    async signAnew(ownerId, photoId) {
      const target = await awaited(photoId, await ownUpload(ownerId, photoId))
      if (!target) throw uploadClosed()
      return target
    },

    async targetOf(ownerId, photoId) {
      const target = await awaited(photoId, await ownUpload(ownerId, photoId))
      return target && !(await hasArrived(photoId)) ? target : null
    },

    async complete(ownerId, photoId, claimed) {
      const row = await ownUpload(ownerId, photoId)
      refuseClosedUnseen(row)
      if (row.status === 'awaiting_upload') {
        try {
          await gather(photoId, row, claimed)
        } catch (error) {
          // Another request may have completed it: the workflow that this woke takes the original away once it has looked at it.
          const now = await ownUpload(ownerId, photoId)
          if (now.status === 'awaiting_upload') throw error
          refuseClosedUnseen(now)
          return ownCard(ownerId, photoId)
        }
        const payload = { photoId, ownerId, expiresAtMs: row.upload_expires_at.getTime() }
        await outbox.hint({ kind: 'originalArrived', payload })
      }
      return ownCard(ownerId, photoId)
    },

    async abort(ownerId, photoId) {
      const row = await ownUpload(ownerId, photoId)
      const outboxId = await db.transaction(async (tx) => {
        const aborted = await tx.query({
          text: `UPDATE photos SET status = 'failed', failure_code = 'upload_aborted', version = version + 1,
              failure_detail = 'The upload was given up by its owner.'
            WHERE photo_id = $1 AND status = 'awaiting_upload' RETURNING photo_id`,
          values: [photoId],
        })
        if (aborted.length === 0) return undefined
        // The workflow looks at the row, finds it closed, and ends.
        const payload = { photoId, ownerId, expiresAtMs: row.upload_expires_at.getTime() }
        return addToOutbox(tx, { kind: 'originalArrived', payload })
      })
      if (outboxId === undefined && (await ownUpload(ownerId, photoId)).status !== 'failed')
        throw uploadClosed()
      await closeIncoming({ primary: db.primary, objects }, photoId)
      if (outboxId !== undefined) await outbox.dispatch([outboxId])
    },
  }
}

/** Of uploads whose original never came. */
const CLOSED_UNSEEN = new Set(['upload_expired', 'upload_aborted'])

/** @throws DarkroomError upload_closed */
function refuseClosedUnseen({ failure_code }: UploadRow): void {
  if (failure_code !== null && CLOSED_UNSEEN.has(failure_code)) throw uploadClosed()
}

function refuseTooLarge(bytes: number, limit: number, maxUploadBytes: number): void {
  if (bytes <= limit) return
  const inParts = bytes <= maxUploadBytes ? ' in one PUT; ask for `multipart`' : ''
  throw new DarkroomError('too_large', `A photo may have at most ${limit} bytes${inParts}.`, {
    fields: [{ path: 'body.bytes', message: `At most ${limit}${inParts}.` }],
  })
}

function uploadClosed(): DarkroomError {
  return new DarkroomError('upload_closed', 'This upload is closed; open a new one.')
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
    bytes: String(bytes),
    declaredSha256: sha256 === undefined ? null : Buffer.from(sha256, 'hex'),
    uploadExpiresAt: expiresAt,
  }
  await run(tx.query, insertRow(Photo, row, AFTER_OPENING))
  const edited = editedColumns({ takenAt, location })
  if (Object.keys(edited).length > 0) await updatePhotos(tx, [{ photoId, ownerId }], edited)
}

/** What the original tells, unless the owner does, and what is not written any more. */
const AFTER_OPENING = [
  'storageKey',
  'blobId',
  'sha256',
  'width',
  'height',
  'thumbhash',
  'perceptualHash',
  'likeness',
  'animationFrames',
  'takenAt',
  'takenAtOffset',
  'camera',
  'latitude',
  'longitude',
  'limitedAt',
  'failureCode',
  'failureDetail',
  'publishedAt',
  'score',
] as const
