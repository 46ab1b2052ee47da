import { isCancellation, patched } from '@temporalio/workflow'
import type { VariantRef } from '../../contracts/activities/uploads-media.ts'
import type { PhotoId } from '../../domain/ids.ts'
import { steps } from './steps.ts'
import type { TrackedProgress } from './progress.ts'

/** Since v0.2 the media worker lists the variants (docs/adr/0013). */
const VARIANTS_FROM_ACTIVITY = 'variants-from-activity'

/**
 * Makes all variants from one decode, then each missing one on its own, for up to a week. The media worker lists the
 * variants, so a new one does not change what a workflow does.
 * @returns whether every variant exists in the end
 */
export async function makeVariants(photoId: PhotoId, progress: TrackedProgress): Promise<boolean> {
  const { variants, missing } = await renderTogether(photoId, progress)
  let made = variants.length - missing.length
  const show = (attempts: number) =>
    progress.mark('variants', 'running', `${made} of ${variants.length}`, attempts)
  if (variants.length > 0) show(1)

  const results = await Promise.all(
    missing.map(async ({ variant, format }) => {
      try {
        const { attempts } = await steps.renderOne(`${variant}.${format}`)({ photoId, variant, format })
        made++
        show(attempts + 1)
        return true
      } catch (error) {
        if (isCancellation(error)) throw error
        return false
      }
    }),
  )
  return results.every(Boolean)
}

interface Rendering {
  /** Every variant that the photo should have; none if the photo is gone. */
  variants: VariantRef[]
  missing: VariantRef[]
}

const NOTHING: Rendering = { variants: [], missing: [] }

async function renderTogether(photoId: PhotoId, progress: TrackedProgress): Promise<Rendering> {
  try {
    const rendered = await steps.renderAll({ photoId })
    progress.mark('variants', 'running', undefined, rendered.attempts)
    if (rendered.outcome === 'gone') return NOTHING
    return { variants: rendered.variants ?? VARIANTS_OF_V01, missing: rendered.failed }
  } catch (error) {
    if (isCancellation(error)) throw error
    return listVariants(photoId)
  }
}

/** Lists the variants after `renderAll` has failed and so could not. */
async function listVariants(photoId: PhotoId): Promise<Rendering> {
  if (!patched(VARIANTS_FROM_ACTIVITY)) return { variants: VARIANTS_OF_V01, missing: VARIANTS_OF_V01 }
  const plan = await steps.planVariants({ photoId })
  return plan.outcome === 'gone' ? NOTHING : plan
}

/** The table that was compiled into v0.1. Only its runs and media workers use it; it must never change. */
const VARIANTS_OF_V01: VariantRef[] = [
  { variant: 'thumb_200', format: 'jpeg' },
  { variant: 'thumb_200', format: 'webp' },
  { variant: 'medium_800', format: 'jpeg' },
  { variant: 'medium_800', format: 'webp' },
]
