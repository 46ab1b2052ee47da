import { isCancellation } from '@temporalio/workflow'
import type { PhotoId } from '../../domain/ids.ts'
import { VARIANT_SPECS } from '../../domain/variants.ts'
import { steps } from './steps.ts'
import type { TrackedProgress } from './progress.ts'

/**
 * Makes all variants from one decode; what failed, or all if nothing came of it, singly and for days.
 * @returns whether every variant is there in the end
 */
export async function makeVariants(photoId: PhotoId, progress: TrackedProgress): Promise<boolean> {
  const total = VARIANT_SPECS.length
  const missing = await renderTogether(photoId, progress)
  let made = total - missing.length
  const show = (state: 'running' | 'done', attempts: number) =>
    progress.mark('variants', state, `${made} of ${total}`, attempts)
  show('running', 1)

  const results = await Promise.all(
    missing.map(async ({ variant, format }) => {
      try {
        const { attempts } = await steps.renderOne(`${variant}.${format}`)({ photoId, variant, format })
        made++
        show('running', attempts + 1)
        return true
      } catch (error) {
        if (isCancellation(error)) throw error
        return false
      }
    }),
  )
  return results.every(Boolean)
}

async function renderTogether(photoId: PhotoId, progress: TrackedProgress) {
  try {
    const rendered = await steps.renderAll({ photoId })
    progress.mark('variants', 'running', undefined, rendered.attempts)
    return rendered.outcome === 'gone' ? [] : rendered.failed
  } catch (error) {
    if (isCancellation(error)) throw error
    return VARIANT_SPECS.map(({ variant, format }) => ({ variant, format }))
  }
}
