import type { RenderOutcome, VariantPlan, VariantRef } from '../../contracts/activities/uploads-media.ts'
import type { PhotoId } from '../../domain/ids.ts'
import {
  VARIANT_FORMATS,
  VARIANT_SPECS,
  variantSpecsOf,
  type PixelSize,
  type VariantSpec,
} from '../../domain/variants.ts'
import type { Database } from '../../infra/db/database.ts'
import { PhotoGoneError, readValidated, renderAndStore, type RenderDeps } from './store-variant.ts'

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

class UnknownVariantError extends Error {
  override readonly name = 'UnknownVariantError'
}

export function createVariants(deps: RenderDeps): Variants {
  const { db } = deps
  const render = (photoId: PhotoId, specs: readonly VariantSpec[], signal?: AbortSignal) =>
    renderAndStore(deps, photoId, specs, signal)

  /** Renders what is missing of the deferred formats, or of the others. */
  async function renderMissing(
    photoId: PhotoId,
    deferred: boolean,
    signal?: AbortSignal,
  ): Promise<RenderOutcome> {
    const photo = await readValidated(db.primary, photoId)
    if (!photo) return { outcome: 'gone' }
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
      const photo = await readValidated(db.primary, photoId)
      if (!photo) return { outcome: 'gone' }
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
      const photo = await readValidated(db.primary, photoId)
      if (!photo) return { outcome: 'gone' }
      const [result] = await render(photoId, [specOf(ref)], signal)
      if (result!.ok) return { outcome: 'rendered', failed: [] }
      if (result!.error instanceof PhotoGoneError) return { outcome: 'gone' }
      throw result!.error
    },
  }
}

const isDeferred = ({ format }: VariantSpec): boolean => VARIANT_FORMATS[format].isDeferred
const refOf = ({ variant, format }: VariantRef): VariantRef => ({ variant, format })

/** @throws UnknownVariantError for a variant of another release; one of its workers will take a later try */
function specOf({ variant, format }: VariantRef): VariantSpec {
  const spec = VARIANT_SPECS.find((each) => each.variant === variant && each.format === format)
  if (!spec) throw new UnknownVariantError(`this release makes no ${variant}.${format}`)
  return spec
}

async function findMissing(db: Database, photoId: PhotoId, size: PixelSize): Promise<VariantSpec[]> {
  const rows = await db.primary<{ variant: string; format: string }>({
    text: 'SELECT variant, format FROM photo_variants WHERE photo_id = $1',
    values: [photoId],
  })
  const stored = new Set(rows.map(({ variant, format }) => `${variant}.${format}`))
  return variantSpecsOf(size).filter(({ variant, format }) => !stored.has(`${variant}.${format}`))
}
