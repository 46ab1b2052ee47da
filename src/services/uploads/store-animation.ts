import type { PhotoId } from '../../domain/ids.ts'
import { InvalidImageError } from '../../domain/invalid-image.ts'
import { ANIMATION, ANIMATION_SPEC } from '../../domain/variants.ts'
import {
  failureOfJob,
  storedResult,
  UnwantedVariantError,
  withOriginal,
  type RenderDeps,
  type StoredResult,
} from './store-variant.ts'

/**
 * Makes the variant of a photo that moves. An animation that takes too much, or whose later frames are damaged, is given up for
 * good; the photo, which is its first frame, goes without. So does one of which it was not known whether it moves, and which does not.
 *
 * @throws Error worth a retry: the original cannot be read, or no child can be had
 */
export async function animateAndStore(
  deps: RenderDeps,
  photoId: PhotoId,
  recipe: string,
  signal?: AbortSignal,
): Promise<StoredResult> {
  const { format, contentType } = ANIMATION_SPEC
  try {
    const animation = await withOriginal(deps, photoId, signal, (file) =>
      deps.images.run('renderAnimation', file, undefined, { signal }).catch((error: unknown) => {
        throw failureOfJob(error, signal)
      }),
    )
    if (!animation) {
      await noteFrames(deps, photoId, 0)
      return unwanted('it does not move')
    }
    const { data, width, height, frames } = animation
    // Before it is stored, as a photo without frames wants none.
    await noteFrames(deps, photoId, frames)
    const made = { variant: ANIMATION, format, recipe, contentType, width, height, body: data }
    return await storedResult(deps, photoId, made)
  } catch (error) {
    if (!(error instanceof InvalidImageError)) throw error
    await giveUp(deps, photoId)
    return unwanted('the animation was given up', error)
  }
}

function unwanted(why: string, cause?: unknown): StoredResult {
  const error = new UnwantedVariantError(why, { cause })
  return { variant: ANIMATION, format: ANIMATION_SPEC.format, ok: false, error, of: 'image' }
}

/** Of a photo that was uploaded before anyone looked for them. */
async function noteFrames({ db }: RenderDeps, photoId: PhotoId, frames: number): Promise<void> {
  await db.primary({
    text: 'UPDATE photos SET animation_frames = $2 WHERE photo_id = $1 AND animation_frames IS NULL',
    values: [photoId, frames],
  })
}

async function giveUp({ db }: RenderDeps, photoId: PhotoId): Promise<void> {
  await db.primary({
    text: 'UPDATE photos SET animation_frames = 0 WHERE photo_id = $1',
    values: [photoId],
  })
}
