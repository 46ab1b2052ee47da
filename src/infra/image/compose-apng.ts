import type { PixelSize } from '../../domain/variants.ts'
import { ApngCanvas } from './apng-canvas.ts'
import { pngOfFrame, type Apng } from './apng.ts'
import { Film } from './film.ts'
import { openOriginal, toRgba } from './original.ts'

/**
 * Decodes the frames of an animated PNG as PNGs of their own, so that their colours are those of its still picture, and draws
 * one after the other. A canvas and a frame are all that is held in full.
 *
 * @throws InvalidImageError if a frame is damaged, or all together are too many pixels
 */
export async function composeApng(apng: Apng, box: PixelSize): Promise<Film> {
  const { canvas, frames } = apng
  const film = new Film(canvas, frames.length, box)
  const shown = new ApngCanvas(canvas)
  for (const frame of frames) {
    const original = await openOriginal(pngOfFrame(apng, frame), 'image/png', frame.width * frame.height)
    const dispose = shown.draw(frame, await toRgba(await original.decode(frame)))
    await film.add(shown.data)
    dispose()
  }
  return film
}
