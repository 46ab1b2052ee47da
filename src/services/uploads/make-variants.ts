import type { PhotoId } from '../../domain/ids.ts'
import { ANIMATION, DOWNLOAD, type Rendition } from '../../domain/variants.ts'
import { animateAndStore } from './store-animation.ts'
import { stripAndStore } from './store-download.ts'
import { renderAndStore, type RenderDeps, type StoredResult } from './store-variant.ts'

/**
 * Makes variants of a photo, in a child, and stores and records each as soon as it is there: all that are scaled from one decode,
 * then the one that moves and the copy for downloads.
 * @returns one result for each of `renditions`
 * @throws as {@link renderAndStore}, {@link animateAndStore} and {@link stripAndStore}
 */
export async function makeAndStore(
  deps: RenderDeps,
  photoId: PhotoId,
  renditions: readonly Rendition[],
  signal?: AbortSignal,
): Promise<StoredResult[]> {
  const specs = renditions.flatMap(({ spec }) => spec ?? [])
  const results = specs.length > 0 ? await renderAndStore(deps, photoId, specs, signal) : []
  const download = renditions.find(({ variant }) => variant === DOWNLOAD)
  const animation = renditions.find(({ variant }) => variant === ANIMATION)
  if (animation) results.push(await animateAndStore(deps, photoId, animation.recipe, signal))
  if (download) results.push(await stripAndStore(deps, photoId, download.recipe, signal))
  return results
}
