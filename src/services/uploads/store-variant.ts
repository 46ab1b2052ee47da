import { setTimeout as delay } from 'node:timers/promises'
import type { PhotoId } from '../../domain/ids.ts'
import { InvalidImageError } from '../../domain/invalid-image.ts'
import {
  DOWNLOAD,
  recipeOf,
  VARIANT_FORMATS,
  variantSpec,
  type PixelSize,
  type RenderedPhoto,
  type VariantSpec,
} from '../../domain/variants.ts'
import { isValidated, type PhotoStatus } from '../../domain/visibility.ts'
import type { PhotoRow, PhotoVariantRow } from '../../entities/index.ts'
import type { Archive } from '../../infra/s3/archive.ts'
import type { Database, Query } from '../../infra/db/database.ts'
import { ChildUnavailableError } from '../../infra/image/image-child.ts'
import type { ImageProcessor } from '../../infra/image/processor.ts'
import type { RenderedVariant } from '../../infra/image/render.ts'
import { ObjectMissingError, type ObjectStore } from '../../infra/s3/object-store.ts'
import { messageOf } from '../../observability/error-text.ts'
import { originalOf } from '../blobs/read-original.ts'
import { epochOfKey, variantKey } from '../photos/object-keys.ts'
import { holdPhoto, recordVariant } from '../photos/photo-row.ts'
import { withObjectFile } from './object-file.ts'

export interface RenderDeps {
  db: Database
  objects: ObjectStore
  /** Where cold originals are; they are read there if they can be. */
  archive?: Pick<Archive, 'isReadable' | 'read'> | undefined
  images: ImageProcessor
  maxPixels: number
}

interface StoredPhoto extends RenderedPhoto {
  status: PhotoStatus
  accessEpoch: number
}

/** A variant that was made and is to be stored. */
export interface MadeVariant extends PixelSize {
  variant: string
  format: string
  recipe: string
  contentType: string
  body: Buffer | { file: string; bytes: number }
}

interface StoredVariant {
  key: string
  /** What the variant took before, in bytes; undefined if there was none. */
  bytesBefore: number | undefined
}

/** What became of one variant. `of` a failure tells whether it was the image's or that of storage and database. */
export type StoredResult = { variant: string; format: string } & (
  ({ ok: true; bytes: number } & StoredVariant) | { ok: false; error: unknown; of: 'image' | 'storage' }
)

/** The original is in a cold storage that cannot be read at once. */
export class OriginalColdError extends Error {
  override readonly name = 'OriginalColdError'
}

/** A narrowing moved the photo's access epoch while a variant was being stored under the old one. */
export class EpochMovedError extends Error {
  override readonly name = 'EpochMovedError'
}
/** An original that was found to be valid cannot be decoded. */
export class UndecodableError extends Error {
  override readonly name = 'UndecodableError'
}

/** What a job failed with: unless children or the worker are to blame, the original. */
export function failureOfJob(cause: unknown, signal: AbortSignal | undefined): unknown {
  if (cause instanceof ChildUnavailableError || signal?.aborted || cause instanceof InvalidImageError)
    return cause
  return new UndecodableError(messageOf(cause), { cause })
}

export class PhotoGoneError extends Error {
  override readonly name = 'PhotoGoneError'
}
/** The photo has no such variant any more: its owner ended downloads, or its animation was given up. */
export class UnwantedVariantError extends Error {
  override readonly name = 'UnwantedVariantError'
}

/** Successive narrowings, or looks at one that is moving the objects, that a variant gives way to. */
const EPOCH_TRIES = 3
/** A move of one object takes about as long. */
const MOVE_PAUSE_MS = 300

/** A photo whose original is valid, so that its size is known; undefined for any other. */
export async function readValidated(query: Query, photoId: PhotoId): Promise<StoredPhoto | undefined> {
  const [row] = await query<
    Pick<PhotoRow, 'status' | 'access_epoch' | 'width' | 'height' | 'allow_download' | 'animation_frames'>
  >({
    text: `SELECT status, access_epoch, width, height, allow_download, animation_frames FROM photos WHERE photo_id = $1`,
    values: [photoId],
  })
  if (!row || row.width === null || row.height === null || !isValidated(row.status)) return undefined
  return {
    status: row.status,
    accessEpoch: row.access_epoch,
    width: row.width,
    height: row.height,
    allowDownload: row.allow_download,
    animationFrames: row.animation_frames,
  }
}

/**
 * Renders variants from one decode, in a child, and stores and records each as soon as it is there.
 * @returns one result for each of `specs`
 * @throws InvalidImageError or UndecodableError if the original cannot be decoded, as then none can be made; any other error
 *   (it cannot be read, no child can be had) is worth a retry
 */
export async function renderAndStore(
  deps: RenderDeps,
  photoId: PhotoId,
  specs: readonly VariantSpec[],
  signal?: AbortSignal,
): Promise<StoredResult[]> {
  const { images, maxPixels } = deps
  const results: StoredResult[] = []
  const onPart = async ({ variant, format, width, height, data }: RenderedVariant) => {
    const recipe = recipeOf(variantSpec(variant, format))
    const { contentType } = VARIANT_FORMATS[format]
    const made = { variant, format, recipe, contentType, width, height, body: data }
    results.push(await storedResult(deps, photoId, made))
  }
  const failed = await withOriginal(deps, photoId, signal, (file) =>
    images.run('renderVariants', file, { specs, maxPixels }, { signal, onPart }).catch((error: unknown) => {
      throw failureOfJob(error, signal)
    }),
  )
  return [...results, ...failed.map((failure) => ({ ...failure, of: 'image' as const }))]
}

/** Has a photo's original as a file while `work` lasts. @throws ObjectMissingError, OriginalColdError */
export async function withOriginal<T>(
  { db, objects, archive }: RenderDeps,
  photoId: PhotoId,
  signal: AbortSignal | undefined,
  work: (file: string) => Promise<T>,
): Promise<T> {
  const original = await originalOf(db.primary, photoId)
  if (!original) throw new ObjectMissingError('no original')
  if (original.isCold && !archive?.isReadable) throw new OriginalColdError()
  return withObjectFile(original.isCold ? archive! : objects, { key: original.objectKey, signal }, work)
}

/** Stores a variant that was made. A failure is that of storage and database, or tells that it is not wanted any more. */
export async function storedResult(
  deps: RenderDeps,
  photoId: PhotoId,
  made: MadeVariant,
): Promise<StoredResult> {
  const { variant, format } = made
  try {
    const stored = await storeVariant(deps, photoId, made)
    return { variant, format, ok: true, bytes: bytesOf(made), ...stored }
  } catch (error) {
    return { variant, format, ok: false, error, of: 'storage' }
  }
}

const bytesOf = ({ body }: MadeVariant) => (Buffer.isBuffer(body) ? body.byteLength : body.bytes)

/**
 * Stores a variant under the photo's access epoch and records it; one that is stored already is replaced under its key, so
 * that its URLs stay what they are. Gives way to narrowings, which change the epoch.
 *
 * @throws PhotoGoneError, UnwantedVariantError, or EpochMovedError if one narrowing comes after the other
 */
async function storeVariant(deps: RenderDeps, photoId: PhotoId, made: MadeVariant): Promise<StoredVariant> {
  for (let tries = 1; ; tries++) {
    try {
      return await storeUnderCurrentEpoch(deps, photoId, made)
    } catch (error) {
      if (!(error instanceof EpochMovedError) || tries === EPOCH_TRIES) throw error
      if (error instanceof BeingMovedError) await delay(MOVE_PAUSE_MS)
    }
  }
}

/** The stored object is still under a former epoch: a narrowing is about to copy it, and may overwrite what is stored now. */
class BeingMovedError extends EpochMovedError {}

async function storeUnderCurrentEpoch(
  { db, objects }: RenderDeps,
  photoId: PhotoId,
  made: MadeVariant,
): Promise<StoredVariant> {
  const { variant, format } = made
  const photo = await readValidated(db.primary, photoId)
  if (!photo) throw new PhotoGoneError()
  // Whoever withdraws it moves the epoch as well, so that a later withdrawal is noticed below.
  if (variant === DOWNLOAD && !photo.allowDownload) throw new UnwantedVariantError()
  const before = await findVariant(db.primary, photoId, made)
  if (before && epochOfKey(before.object_key) !== photo.accessEpoch)
    throw new BeingMovedError('a narrowing is moving the objects')
  const key = variantKey(photoId, photo.accessEpoch, variant, format)
  await objects.put(key, made.body, made.contentType)
  try {
    const replaced = await record(db, photoId, key, photo.accessEpoch, made)
    if (replaced.length > 0) await objects.delete(replaced)
  } catch (error) {
    // A narrowing or deletion may have listed the objects before this one was stored. What a row still names is the
    // narrowing's to copy and delete.
    const isOfNoUse =
      error instanceof PhotoGoneError ||
      (error instanceof EpochMovedError && !(await isNamed(db.primary, photoId, key)))
    if (isOfNoUse) await objects.delete([key])
    throw error
  }
  return { key, bytesBefore: before && Number(before.bytes) }
}

async function findVariant(query: Query, photoId: PhotoId, { variant, format }: MadeVariant) {
  const [row] = await query<Pick<PhotoVariantRow, 'object_key' | 'bytes'>>({
    text: 'SELECT object_key, bytes FROM photo_variants WHERE photo_id = $1 AND variant = $2 AND format = $3',
    values: [photoId, variant, format],
  })
  return row
}

async function isNamed(query: Query, photoId: PhotoId, key: string): Promise<boolean> {
  const rows = await query({
    text: 'SELECT FROM photo_variants WHERE photo_id = $1 AND object_key = $2',
    values: [photoId, key],
  })
  return rows.length > 0
}

/**
 * Records the object, or refuses: holding the photo orders this with the narrowing or deletion that it may race with.
 * @returns keys of objects that it replaces
 */
async function record(
  db: Database,
  photoId: PhotoId,
  key: string,
  accessEpoch: number,
  made: MadeVariant,
): Promise<string[]> {
  const { variant, format, width, height, recipe } = made
  return db.transaction(async ({ query }) => {
    const photo = await holdPhoto(query, photoId)
    if (!photo || !isValidated(photo.status)) throw new PhotoGoneError()
    if (photo.accessEpoch !== accessEpoch) throw new EpochMovedError('the access epoch has moved')
    const stored = { variant, format, objectKey: key, width, height, bytes: bytesOf(made), recipe }
    await recordVariant(query, photoId, stored)
    return variant === DOWNLOAD ? forgetOtherCopies(query, photoId, format) : []
  })
}

/** Another release may have made the copy in another format; a photo has one. @returns their keys */
async function forgetOtherCopies(query: Query, photoId: PhotoId, format: string): Promise<string[]> {
  const rows = await query<Pick<PhotoVariantRow, 'object_key'>>({
    text: `DELETE FROM photo_variants WHERE photo_id = $1 AND variant = '${DOWNLOAD}' AND format <> $2 RETURNING object_key`,
    values: [photoId, format],
  })
  return rows.map((row) => row.object_key)
}
