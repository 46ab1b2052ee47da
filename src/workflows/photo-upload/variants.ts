import { isCancellation, patched } from '@temporalio/workflow'
import type { VariantRef } from '../../contracts/activities/uploads-media.ts'
import type { PhotoId } from '../../domain/ids.ts'
import type { MediaSteps } from './steps.ts'
import type { TrackedProgress } from './progress.ts'

/** Since v0.2 the media worker lists the variants (docs/adr/0013). */
const VARIANTS_FROM_ACTIVITY = 'variants-from-activity'

/** Since v0.3 the costlier formats are made by a step of their own, which gives way to uploads (docs/adr/0031). */
const DEFERRED_VARIANTS = 'deferred-variants'

/**
 * Makes all variants: those that photos are shown with at first from one decode, then those that may wait from another. What
 * either leaves out is made one by one, for up to a week. The media worker lists the variants, so a new one does not change
 * what a workflow does.
 * @param onShown called once the photo can be shown, its other variants still to come
 * @returns whether every variant exists in the end
 */
export async function makeVariants(
  steps: MediaSteps,
  photoId: PhotoId,
  progress: TrackedProgress,
  onShown: () => void,
): Promise<boolean> {
  const { variants, missing, deferred } = await renderTogether(steps, photoId, progress)
  onShown()
  let made = variants.length - missing.length - deferred.length
  const show = (attempts: number) =>
    progress.mark('variants', 'running', `${made} of ${variants.length}`, attempts)
  if (variants.length > 0) show(1)

  const render = async (step: MediaSteps['renderOne'], { variant, format }: VariantRef): Promise<boolean> => {
    try {
      const { attempts, outcome } = await step(`${variant}.${format}`)({ photoId, variant, format })
      if (outcome === 'cold') return false
      made++
      show(attempts + 1)
      return true
    } catch (error) {
      if (isCancellation(error)) throw error
      return false
    }
  }
  const renderWaiting = async (): Promise<boolean[]> => {
    const left = await renderDeferred(steps, photoId, deferred)
    made += deferred.length - left.length
    show(1)
    return Promise.all(left.map((ref) => render(steps.renderDeferredOne, ref)))
  }
  const results = await Promise.all([
    ...missing.map((ref) => render(steps.renderOne, ref)),
    ...(deferred.length > 0 && patched(DEFERRED_VARIANTS) ? [renderWaiting()] : []),
  ])
  return results.flat().every(Boolean)
}

interface Rendering {
  /** Every variant that the photo should have; none if the photo is gone. */
  variants: VariantRef[]
  missing: VariantRef[]
  /** Those that may wait, none of which is stored yet. */
  deferred: VariantRef[]
}

const NOTHING: Rendering = { variants: [], missing: [], deferred: [] }

async function renderTogether(
  steps: MediaSteps,
  photoId: PhotoId,
  progress: TrackedProgress,
): Promise<Rendering> {
  try {
    const rendered = await steps.renderAll({ photoId })
    progress.mark('variants', 'running', undefined, rendered.attempts)
    if (rendered.outcome === 'gone') return NOTHING
    const { variants = VARIANTS_OF_V01, failed, deferred = [] } = rendered
    return { variants, missing: failed, deferred }
  } catch (error) {
    if (isCancellation(error)) throw error
    return listVariants(steps, photoId)
  }
}

/** @returns those that are still missing */
async function renderDeferred(
  steps: MediaSteps,
  photoId: PhotoId,
  deferred: VariantRef[],
): Promise<VariantRef[]> {
  try {
    const rendered = await steps.renderDeferred({ photoId })
    return rendered.outcome === 'gone' ? [] : rendered.failed
  } catch (error) {
    if (isCancellation(error)) throw error
    return deferred
  }
}

/** Lists the variants after `renderAll` has failed and so could not. */
async function listVariants(steps: MediaSteps, photoId: PhotoId): Promise<Rendering> {
  if (!patched(VARIANTS_FROM_ACTIVITY))
    return { variants: VARIANTS_OF_V01, missing: VARIANTS_OF_V01, deferred: [] }
  const plan = await steps.planVariants({ photoId })
  return plan.outcome === 'gone' ? NOTHING : { deferred: [], ...plan }
}

/** The table that was compiled into v0.1. Only its runs and media workers use it; it must never change. */
const VARIANTS_OF_V01: VariantRef[] = [
  { variant: 'thumb_200', format: 'jpeg' },
  { variant: 'thumb_200', format: 'webp' },
  { variant: 'medium_800', format: 'jpeg' },
  { variant: 'medium_800', format: 'webp' },
]
