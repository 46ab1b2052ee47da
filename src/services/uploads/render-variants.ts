import type {
  RenderOutcome,
  SingleRenderOutcome,
  VariantPlan,
  VariantRef,
} from '../../contracts/activities/uploads-media.ts'
import type { PhotoId } from '../../domain/ids.ts'
import {
  ANIMATION,
  DOWNLOAD,
  renditionsOf,
  storedAs,
  type RenderedPhoto,
  type Rendition,
} from '../../domain/variants.ts'
import type { PhotoVariantRow } from '../../entities/index.ts'
import type { Database } from '../../infra/db/database.ts'
import { makeAndStore } from './make-variants.ts'
import {
  OriginalColdError,
  PhotoGoneError,
  readValidated,
  UnwantedVariantError,
  type RenderDeps,
  type StoredResult,
} from './store-variant.ts'

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
  /** Renders one variant; nothing if it is not wanted any more, or cannot be made yet. @throws the error that it failed with */
  renderOne(photoId: PhotoId, ref: VariantRef, signal?: AbortSignal): Promise<SingleRenderOutcome>
}

class UnknownVariantError extends Error {
  override readonly name = 'UnknownVariantError'
}

export function createVariants(deps: RenderDeps): Variants {
  const { db } = deps
  /** Renders what is missing of the deferred formats, or of the others. */
  async function renderMissing(
    photoId: PhotoId,
    deferred: boolean,
    signal?: AbortSignal,
  ): Promise<RenderOutcome> {
    const photo = await readValidated(db.primary, photoId)
    if (!photo) return { outcome: 'gone' }
    const missing = await findMissing(db, photoId, photo)
    const due = missing.filter(({ isDeferred }) => isDeferred === deferred)
    const outcome = {
      outcome: 'rendered' as const,
      variants: renditionsOf(photo).map(refOf),
      failed: [],
      ...(!deferred && { deferred: missing.filter(({ isDeferred }) => isDeferred).map(refOf) }),
    }
    if (due.length === 0) return outcome
    const results = await makeAndStore(deps, photoId, due, signal)
    const failures = results.filter((result) => !result.ok).filter(({ error }) => !isUnwanted(error))
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
        variants: renditionsOf(photo).map(refOf),
        missing: missing.filter(({ isDeferred }) => !isDeferred).map(refOf),
        deferred: missing.filter(({ isDeferred }) => isDeferred).map(refOf),
      }
    },

    renderAll: (photoId, signal) => renderMissing(photoId, false, signal),
    renderDeferred: (photoId, signal) => renderMissing(photoId, true, signal),

    async renderOne(photoId, ref, signal) {
      const photo = await readValidated(db.primary, photoId)
      if (!photo) return { outcome: 'gone' }
      const rendition = renditionOf(photo, ref)
      if (!rendition) return { outcome: 'rendered', failed: [] }
      const result = await makeOne(deps, photoId, rendition, signal)
      if (result === 'cold') return { outcome: 'cold' }
      if (result.ok || isUnwanted(result.error)) return { outcome: 'rendered', failed: [] }
      if (result.error instanceof PhotoGoneError) return { outcome: 'gone' }
      throw result.error
    },
  }
}

/** Trying again would not help before the original is restored: `cold`. */
async function makeOne(
  deps: RenderDeps,
  photoId: PhotoId,
  rendition: Rendition,
  signal: AbortSignal | undefined,
): Promise<StoredResult | 'cold'> {
  try {
    const [result] = await makeAndStore(deps, photoId, [rendition], signal)
    return result!
  } catch (error) {
    if (error instanceof OriginalColdError) return 'cold'
    throw error
  }
}

const refOf = ({ variant, format }: VariantRef): VariantRef => ({ variant, format })
const isUnwanted = (error: unknown): boolean => error instanceof UnwantedVariantError

/**
 * @returns undefined for one that the photo should not have any more
 * @throws UnknownVariantError for a variant of another release; one of its workers will take a later try
 */
function renditionOf(photo: RenderedPhoto, { variant, format }: VariantRef): Rendition | undefined {
  const rendition = renditionsOf(photo).find((each) => storedAs(each, [{ variant, format }]))
  if (!rendition && variant !== DOWNLOAD && variant !== ANIMATION)
    throw new UnknownVariantError(`this release makes no ${variant}.${format}`)
  return rendition
}

async function findMissing(db: Database, photoId: PhotoId, photo: RenderedPhoto): Promise<Rendition[]> {
  const stored = await db.primary<Pick<PhotoVariantRow, 'variant' | 'format'>>({
    text: 'SELECT variant, format FROM photo_variants WHERE photo_id = $1',
    values: [photoId],
  })
  return renditionsOf(photo).filter((rendition) => !storedAs(rendition, stored))
}
