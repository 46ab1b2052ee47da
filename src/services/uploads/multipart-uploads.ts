import { DarkroomError, invalidField, notFound } from '../../domain/errors.ts'
import type { PhotoId, UserId } from '../../domain/ids.ts'
import { PART_BYTES, partsOf, type PartSize } from '../../domain/upload-parts.ts'
import { MultipartUpload, type PhotoRow } from '../../entities/index.ts'
import type { Database, Query, Transaction } from '../../infra/db/database.ts'
import { insertRow, run } from '../../infra/db/insert.ts'
import { UploadGoneError, type PresignedPart, type StoredPart } from '../../infra/s3/multipart.ts'
import type { ObjectStore } from '../../infra/s3/object-store.ts'
import { incomingKey } from '../photos/object-keys.ts'

/** What a client needs to send an original in parts. */
export interface PartsTarget {
  method: 'MULTIPART'
  uploadId: string
  partBytes: number
  expiresAt: Date
}

/** A part as the client saw it accepted. */
export interface ClaimedPart {
  number: number
  etag: string
}

export interface MultipartUploads {
  /** Signs a PUT for each of these parts. @throws DarkroomError not_found, upload_closed, invalid */
  signParts(
    ownerId: UserId,
    photoId: PhotoId,
    numbers: readonly number[],
  ): Promise<{ parts: PresignedPart[]; expiresAt: Date }>
  /** The parts that have arrived. @throws DarkroomError not_found, upload_closed */
  arrivedParts(ownerId: UserId, photoId: PhotoId): Promise<StoredPart[]>
}

/** The URL of a part works for so long at most; a client that is late asks again. */
const PART_URL_SECONDS = 60 * 60
/** A message lists no more missing parts. */
const LISTED_PARTS = 20

type OpenParts = Pick<PhotoRow, 'status' | 'upload_expires_at'> & {
  bytes: string
  upload_id: string | null
  part_bytes: number | null
}

export function createMultipartUploads(deps: { db: Database; objects: ObjectStore }): MultipartUploads {
  const { db, objects } = deps

  async function ownParts(ownerId: UserId, photoId: PhotoId) {
    const [row] = await db.primary<OpenParts>({
      name: 'own-parts',
      text: `SELECT p.status, p.upload_expires_at, p.bytes, m.upload_id, m.part_bytes
        FROM photos p LEFT JOIN multipart_uploads m USING (photo_id)
        WHERE p.photo_id = $1 AND p.owner_id = $2 AND p.status <> 'deleted'`,
      values: [photoId, ownerId],
    })
    if (!row) throw notFound('photo')
    const isOpen = row.status === 'awaiting_upload' && row.upload_expires_at.getTime() > Date.now()
    if (!isOpen || row.upload_id === null || row.part_bytes === null) throw noParts()
    return { row, uploadId: row.upload_id, sizes: partsOf(Number(row.bytes), row.part_bytes) }
  }

  return {
    async signParts(ownerId, photoId, numbers) {
      const { row, uploadId, sizes } = await ownParts(ownerId, photoId)
      const beyond = numbers.find((number) => number > sizes.length)
      if (beyond !== undefined)
        throw invalidField('body.numbers', `The original has ${sizes.length} parts; there is no ${beyond}.`)
      const leftSeconds = Math.floor((row.upload_expires_at.getTime() - Date.now()) / 1000)
      const expiresInSeconds = Math.max(1, Math.min(PART_URL_SECONDS, leftSeconds))
      const expiresAt = new Date(Date.now() + expiresInSeconds * 1000)
      const parts = await Promise.all(
        [...new Set(numbers)].map((number) =>
          objects.presignPart(incomingKey(photoId), uploadId, { ...sizes[number - 1]!, expiresInSeconds }),
        ),
      )
      return { parts, expiresAt }
    },

    async arrivedParts(ownerId, photoId) {
      const { uploadId } = await ownParts(ownerId, photoId)
      const stored = await objects.listParts(incomingKey(photoId), uploadId)
      if (!stored) throw noParts()
      return stored
    },
  }
}

/** Begins an upload in parts at the storage; its row is written by {@link recordParts}. */
export async function beginParts(
  objects: ObjectStore,
  photoId: PhotoId,
  contentType: string,
  expiresAt: Date,
): Promise<PartsTarget> {
  const uploadId = await objects.beginParts(incomingKey(photoId), contentType)
  return { method: 'MULTIPART', uploadId, partBytes: PART_BYTES, expiresAt }
}

export async function recordParts(
  tx: Transaction,
  photoId: PhotoId,
  { uploadId, partBytes }: PartsTarget,
): Promise<void> {
  await run(tx.query, insertRow(MultipartUpload, { photoId, uploadId, partBytes }))
}

/** How the original of a photo arrives in parts; undefined if it comes in one PUT. */
export async function partsTargetOf(
  query: Query,
  photoId: PhotoId,
  expiresAt: Date,
): Promise<PartsTarget | undefined> {
  const [row] = await query<{ upload_id: string; part_bytes: number }>({
    text: 'SELECT upload_id, part_bytes FROM multipart_uploads WHERE photo_id = $1',
    values: [photoId],
  })
  return row && { method: 'MULTIPART', uploadId: row.upload_id, partBytes: row.part_bytes, expiresAt }
}

/**
 * Makes the original of the parts that the storage has, unless another request does so meanwhile. Only what it lists counts; etags of the
 * client can but disagree.
 * @throws DarkroomError not_uploaded, which names missing parts; invalid if the client claims another part than there is
 */
export async function assembleParts(
  objects: ObjectStore,
  photoId: PhotoId,
  target: PartsTarget,
  bytes: number,
  claimed: readonly ClaimedPart[] = [],
): Promise<void> {
  const key = incomingKey(photoId)
  try {
    await assemble(objects, key, target, bytes, claimed)
  } catch (error) {
    // The storage makes the object first and then takes the parts away, one by one: some may be missing because they are not needed any more.
    if ((await objects.head(key)) === undefined) throw error
  }
}

async function assemble(
  objects: ObjectStore,
  key: string,
  { uploadId, partBytes }: PartsTarget,
  bytes: number,
  claimed: readonly ClaimedPart[],
): Promise<void> {
  const stored = await objects.listParts(key, uploadId)
  // Assembled or aborted before: whoever called looks at the object.
  if (!stored) return
  const byNumber = new Map(stored.map((part) => [part.number, part]))
  const sizes = partsOf(bytes, partBytes)
  refuseIncomplete(sizes.filter((size) => byNumber.get(size.number)?.bytes !== size.bytes))
  const wrong = claimed.findIndex(
    ({ number, etag }) => unquoted(byNumber.get(number)?.etag) !== unquoted(etag),
  )
  if (wrong >= 0)
    throw invalidField(
      `body.parts.${wrong}.etag`,
      `Part ${claimed[wrong]!.number} has another ETag, or there is none.`,
    )
  const parts = sizes.map(({ number }) => byNumber.get(number)!)
  try {
    await objects.completeParts(key, uploadId, parts)
  } catch (error) {
    if (!(error instanceof UploadGoneError)) throw error
  }
}

function refuseIncomplete(missing: readonly PartSize[]): void {
  if (missing.length === 0) return
  const numbers = missing.slice(0, LISTED_PARTS).map(({ number }) => number)
  const message = `Missing: ${numbers.join(', ')}${missing.length > LISTED_PARTS ? ', …' : ''}.`
  throw new DarkroomError('not_uploaded', 'Some parts have not arrived; PUT them first.', {
    fields: [{ path: 'parts', message }],
  })
}

const unquoted = (etag: string | undefined) => etag?.replaceAll('"', '')

function noParts(): DarkroomError {
  return new DarkroomError('upload_closed', 'This photo awaits no parts.')
}
