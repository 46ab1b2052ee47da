import { readFile } from 'node:fs/promises'
import { InvalidImageError } from '../../domain/invalid-image.ts'
import { ANIMATION_SPEC, MAX_ANIMATION_PIXELS, type PixelSize } from '../../domain/variants.ts'
import { messageOf } from '../../observability/error-text.ts'
import { asInvalidImage } from './original.ts'
import { openAnimation } from './sharp.ts'

export interface RenderedAnimation extends PixelSize {
  data: Buffer
}

/**
 * Renders all frames of an animated GIF or WebP, in their time, as one animated WebP without metadata, never enlarged.
 * @throws InvalidImageError if a frame is damaged, or all together take too long
 */
export async function renderAnimation(file: string): Promise<RenderedAnimation> {
  const { box, format, encoder } = ANIMATION_SPEC
  const { data, info } = await openAnimation(await readFile(file), MAX_ANIMATION_PIXELS)
    .resize({ ...box, fit: 'inside', withoutEnlargement: true })
    .toFormat(format, encoder)
    .toBuffer({ resolveWithObject: true })
    .catch((error: unknown) => {
      if (/timeout/i.test(messageOf(error)))
        throw new InvalidImageError('too_complex', 'The animation takes too long.', { cause: error })
      throw asInvalidImage(error)
    })
  return { data, width: info.width, height: info.pageHeight ?? info.height }
}
