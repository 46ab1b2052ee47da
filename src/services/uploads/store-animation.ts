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
 * good; the photo, which is its first frame, goes without.
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
    const { data, width, height } = await withOriginal(deps, photoId, signal, (file) =>
      deps.images.run('renderAnimation', file, undefined, { signal }).catch((error: unknown) => {
        throw failureOfJob(error, signal)
      }),
    )
    const made = { variant: ANIMATION, format, recipe, contentType, width, height, body: data }
    return await storedResult(deps, photoId, made)
  } catch (error) {
    if (!(error instanceof InvalidImageError)) throw error
    await giveUp(deps, photoId)
    const cause = new UnwantedVariantError('the animation was given up', { cause: error })
    return { variant: ANIMATION, format, ok: false, error: cause, of: 'image' }
  }
}

async function giveUp({ db }: RenderDeps, photoId: PhotoId): Promise<void> {
  await db.primary({
    text: 'UPDATE photos SET animation_frames = NULL WHERE photo_id = $1',
    values: [photoId],
  })
}
