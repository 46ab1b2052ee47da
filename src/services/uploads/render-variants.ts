import type { RenderOutcome, VariantPlan, VariantRef } from '../../contracts/activities/uploads-media.ts'
import type { PhotoId } from '../../domain/ids.ts'
import { VARIANT_FORMATS, VARIANT_SPECS, type VariantSpec } from '../../domain/variants.ts'
import { isValidated, type PhotoStatus } from '../../domain/visibility.ts'
import type { Database } from '../../infra/db/database.ts'
import { renderVariants, type RenderedVariant } from '../../infra/image/render.ts'
import type { ObjectStore } from '../../infra/s3/object-store.ts'
import { withObjectFile } from './object-file.ts'
import { originalKey, variantKey } from '../photos/object-keys.ts'
import { holdPhoto, recordVariant } from '../photos/photo-row.ts'

export interface VariantsDeps {
  db: Database
  objects: ObjectStore
  maxPixels: number
}

export interface Variants {
  /** The variants of the photo, and which of them are missing. */
  plan(photoId: PhotoId): Promise<VariantPlan>
  /** Renders every missing variant from one decode; stores and records each as soon as it is ready. */
  renderAll(photoId: PhotoId, signal?: AbortSignal): Promise<RenderOutcome>
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

export function createVariants({ db, objects, maxPixels }: VariantsDeps): Variants {
  async function render(photoId: PhotoId, specs: readonly VariantSpec[], signal?: AbortSignal) {
    return withObjectFile(objects, { key: originalKey(photoId), signal }, (file) =>
      renderVariants(file, { specs, maxPixels, onVariant: (rendered) => store(photoId, rendered) }),
    )
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

  return {
    async plan(photoId) {
      const photo = await readPhoto(db, photoId)
      if (!photo || !isValidated(photo.status)) return { outcome: 'gone' }
      const missing = await findMissing(db, photoId)
      return { outcome: 'planned', variants: VARIANT_SPECS.map(refOf), missing: missing.map(refOf) }
    },

    async renderAll(photoId, signal) {
      const photo = await readPhoto(db, photoId)
      if (!photo || !isValidated(photo.status)) return { outcome: 'gone' }
      const missing = await findMissing(db, photoId)
      const variants = VARIANT_SPECS.map(refOf)
      if (missing.length === 0) return { outcome: 'rendered', variants, failed: [] }
      const failures = (await render(photoId, missing, signal)).filter((result) => !result.ok)
      if (failures.some(({ error }) => error instanceof PhotoGoneError)) return { outcome: 'gone' }
      return { outcome: 'rendered', variants, failed: failures.map(refOf) }
    },

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

const refOf = ({ variant, format }: VariantRef): VariantRef => ({ variant, format })

/** @throws UnknownVariantError for a variant of another release; one of its workers will take a later try */
function specOf({ variant, format }: VariantRef): VariantSpec {
  const spec = VARIANT_SPECS.find((each) => each.variant === variant && each.format === format)
  if (!spec) throw new UnknownVariantError(`this release makes no ${variant}.${format}`)
  return spec
}

async function readPhoto(db: Database, photoId: PhotoId) {
  const [row] = await db.primary<{ status: PhotoStatus; access_epoch: number }>({
    text: 'SELECT status, access_epoch FROM photos WHERE photo_id = $1',
    values: [photoId],
  })
  return row && { status: row.status, accessEpoch: row.access_epoch }
}

async function findMissing(db: Database, photoId: PhotoId): Promise<VariantSpec[]> {
  const rows = await db.primary<{ variant: string; format: string }>({
    text: 'SELECT variant, format FROM photo_variants WHERE photo_id = $1',
    values: [photoId],
  })
  const stored = new Set(rows.map(({ variant, format }) => `${variant}.${format}`))
  return VARIANT_SPECS.filter(({ variant, format }) => !stored.has(`${variant}.${format}`))
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
