import type { RenderOutcome, VariantPlan, VariantRef } from '../../contracts/activities/uploads-media.ts'
import type { PhotoId } from '../../domain/ids.ts'
import {
  VARIANT_FORMATS,
  VARIANT_SPECS,
  variantSpecsOf,
  type PixelSize,
  type VariantSpec,
} from '../../domain/variants.ts'
import { isValidated, type PhotoStatus } from '../../domain/visibility.ts'
import type { PhotoRow } from '../../entities/index.ts'
import type { Database } from '../../infra/db/database.ts'
import type { ImageProcessor } from '../../infra/image/processor.ts'
import type { RenderedVariant, VariantResult } from '../../infra/image/render.ts'
import type { ObjectStore } from '../../infra/s3/object-store.ts'
import { withObjectFile } from './object-file.ts'
import { originalKey, variantKey } from '../photos/object-keys.ts'
import { holdPhoto, recordVariant } from '../photos/photo-row.ts'

export interface VariantsDeps {
  db: Database
  objects: ObjectStore
  images: ImageProcessor
  maxPixels: number
}

export interface Variants {
  /** The variants of the photo, and which of them are missing. */
  plan(photoId: PhotoId): Promise<VariantPlan>
  /**
   * Renders every missing variant that is not deferred from one decode; stores and records each as soon as it is ready.
   * Names those that are deferred.
   */
  renderAll(photoId: PhotoId, signal?: AbortSignal): Promise<RenderOutcome>
  /** The same for those that are deferred. */
  renderDeferred(photoId: PhotoId, signal?: AbortSignal): Promise<RenderOutcome>
  /** Renders one variant. @throws the error that it failed with */
  renderOne(photoId: PhotoId, ref: VariantRef, signal?: AbortSignal): Promise<RenderOutcome>
}

/** A narrowing moved the photo's access epoch while a variant was being stored under the old one. */
class EpochMovedError extends Error {
  override readonly name = 'EpochMovedError'
}
class PhotoGoneError extends Error {
  override readonly name = 'PhotoGoneError'
}

class UnknownVariantError extends Error {
  override readonly name = 'UnknownVariantError'
}

/** Successive narrowings that a variant gives way to before its activity is retried. */
const EPOCH_TRIES = 3

export function createVariants({ db, objects, images, maxPixels }: VariantsDeps): Variants {
  /** Renders in a child, and stores each variant as soon as it is there. @returns one result for each of `specs` */
  async function render(photoId: PhotoId, specs: readonly VariantSpec[], signal?: AbortSignal) {
    const results = new Map<string, VariantResult>()
    const onPart = async (rendered: RenderedVariant) => {
      try {
        await store(photoId, rendered)
        results.set(nameOf(rendered), rendered)
      } catch (error) {
        results.set(nameOf(rendered), {
          variant: rendered.variant,
          format: rendered.format,
          ok: false,
          error,
        })
      }
    }
    const failed = await withObjectFile(objects, { key: originalKey(photoId), signal }, (file) =>
      images.run('renderVariants', file, { specs, maxPixels }, { signal, onPart }),
    )
    return [...results.values(), ...failed]
  }

  async function store(photoId: PhotoId, rendered: RenderedVariant): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        return await storeUnderCurrentEpoch(photoId, rendered)
      } catch (error) {
        if (!(error instanceof EpochMovedError) || tries === EPOCH_TRIES) throw error
      }
    }
  }

  async function storeUnderCurrentEpoch(photoId: PhotoId, rendered: RenderedVariant): Promise<void> {
    const photo = await readPhoto(db, photoId)
    if (!photo || !isValidated(photo.status)) throw new PhotoGoneError()
    const key = variantKey(photoId, photo.accessEpoch, rendered.variant, rendered.format)
    await objects.put(key, rendered.data, VARIANT_FORMATS[rendered.format].contentType)
    try {
      await record(db, photoId, key, photo.accessEpoch, rendered)
    } catch (error) {
      // A narrowing or deletion may have listed the objects before this one was stored.
      if (error instanceof EpochMovedError || error instanceof PhotoGoneError) await objects.delete([key])
      throw error
    }
  }

  /** Renders what is missing of the deferred formats, or of the others. */
  async function renderMissing(
    photoId: PhotoId,
    deferred: boolean,
    signal?: AbortSignal,
  ): Promise<RenderOutcome> {
    const photo = await readPhoto(db, photoId)
    if (!photo || !isValidated(photo.status)) return { outcome: 'gone' }
    const missing = await findMissing(db, photoId, photo)
    const due = missing.filter((spec) => isDeferred(spec) === deferred)
    const outcome = {
      outcome: 'rendered' as const,
      variants: variantSpecsOf(photo).map(refOf),
      failed: [],
      ...(!deferred && { deferred: missing.filter(isDeferred).map(refOf) }),
    }
    if (due.length === 0) return outcome
    const failures = (await render(photoId, due, signal)).filter((result) => !result.ok)
    if (failures.some(({ error }) => error instanceof PhotoGoneError)) return { outcome: 'gone' }
    return { ...outcome, failed: failures.map(refOf) }
  }

  return {
    async plan(photoId) {
      const photo = await readPhoto(db, photoId)
      if (!photo || !isValidated(photo.status)) return { outcome: 'gone' }
      const missing = await findMissing(db, photoId, photo)
      return {
        outcome: 'planned',
        variants: variantSpecsOf(photo).map(refOf),
        missing: missing.filter((spec) => !isDeferred(spec)).map(refOf),
        deferred: missing.filter(isDeferred).map(refOf),
      }
    },

    renderAll: (photoId, signal) => renderMissing(photoId, false, signal),
    renderDeferred: (photoId, signal) => renderMissing(photoId, true, signal),

    async renderOne(photoId, ref, signal) {
      const photo = await readPhoto(db, photoId)
      if (!photo || !isValidated(photo.status)) return { outcome: 'gone' }
      const [result] = await render(photoId, [specOf(ref)], signal)
      if (result!.ok) return { outcome: 'rendered', failed: [] }
      if (result!.error instanceof PhotoGoneError) return { outcome: 'gone' }
      throw result!.error
    },
  }
}

const isDeferred = ({ format }: VariantSpec): boolean => VARIANT_FORMATS[format].isDeferred
const nameOf = ({ variant, format }: VariantRef): string => `${variant}.${format}`
const refOf = ({ variant, format }: VariantRef): VariantRef => ({ variant, format })

/** @throws UnknownVariantError for a variant of another release; one of its workers will take a later try */
function specOf({ variant, format }: VariantRef): VariantSpec {
  const spec = VARIANT_SPECS.find((each) => each.variant === variant && each.format === format)
  if (!spec) throw new UnknownVariantError(`this release makes no ${variant}.${format}`)
  return spec
}

interface StoredPhoto extends PixelSize {
  status: PhotoStatus
  accessEpoch: number
}

/** A photo whose size is known, as it is from its validation on. */
async function readPhoto(db: Database, photoId: PhotoId): Promise<StoredPhoto | undefined> {
  const [row] = await db.primary<Pick<PhotoRow, 'status' | 'access_epoch' | 'width' | 'height'>>({
    text: 'SELECT status, access_epoch, width, height FROM photos WHERE photo_id = $1',
    values: [photoId],
  })
  if (!row || row.width === null || row.height === null) return undefined
  return { status: row.status, accessEpoch: row.access_epoch, width: row.width, height: row.height }
}

async function findMissing(db: Database, photoId: PhotoId, size: PixelSize): Promise<VariantSpec[]> {
  const rows = await db.primary<{ variant: string; format: string }>({
    text: 'SELECT variant, format FROM photo_variants WHERE photo_id = $1',
    values: [photoId],
  })
  const stored = new Set(rows.map(({ variant, format }) => `${variant}.${format}`))
  return variantSpecsOf(size).filter(({ variant, format }) => !stored.has(`${variant}.${format}`))
}

/** Records the object, or refuses: holding the photo orders this with the narrowing or deletion that it may race with. */
async function record(
  db: Database,
  photoId: PhotoId,
  key: string,
  accessEpoch: number,
  { variant, format, width, height, bytes }: RenderedVariant,
): Promise<void> {
  await db.transaction(async ({ query }) => {
    const photo = await holdPhoto(query, photoId)
    if (!photo || !isValidated(photo.status)) throw new PhotoGoneError()
    if (photo.accessEpoch !== accessEpoch) throw new EpochMovedError('the access epoch has moved')
    await recordVariant(query, photoId, { variant, format, objectKey: key, width, height, bytes })
  })
}
