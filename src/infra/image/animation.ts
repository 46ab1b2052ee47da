import { readFile } from 'node:fs/promises'
import type { Sharp } from 'sharp'
import { InvalidImageError } from '../../domain/invalid-image.ts'
import {
  animationFrames,
  ANIMATION_SPEC,
  MAX_ANIMATION_FRAMES,
  MAX_ANIMATION_PIXELS,
  type OriginalContentType,
  type PixelSize,
} from '../../domain/variants.ts'
import { messageOf } from '../../observability/error-text.ts'
import { readApng } from './apng.ts'
import { composeApng } from './compose-apng.ts'
import { filmBytes } from './film.ts'
import { asInvalidImage, type Original } from './original.ts'
import { openAnimation } from './sharp.ts'

export interface RenderedAnimation extends PixelSize {
  data: Buffer
}

/**
 * How many frames an original has that are kept as a variant; null of still pictures, malformed animations and those that take too
 * much. Frames cannot be turned, which hardly any animation asks for.
 */
export function framesOf(
  bytes: Buffer,
  contentType: OriginalContentType,
  { width, height, metadata }: Original,
): number | null {
  if ((metadata.orientation ?? 1) !== 1) return null
  return animationFrames({ width, height }, pagesOf(bytes, contentType, metadata.pages))
}

/** Pages of other formats are other pictures; of PNG, libvips knows the default picture only. */
function pagesOf(bytes: Buffer, contentType: OriginalContentType, pages = 1): number {
  if (contentType === 'image/gif' || contentType === 'image/webp') return pages
  return contentType === 'image/png' ? (readApng(bytes, MAX_ANIMATION_FRAMES)?.frames.length ?? 1) : 1
}

/** What rendering takes beside the decoder, of an animation whose frames are composed here. */
export function composedBytes(bytes: Buffer): number {
  const apng = readApng(bytes, MAX_ANIMATION_FRAMES)
  return apng ? filmBytes(apng.canvas, apng.frames.length, ANIMATION_SPEC.box) : 0
}

/**
 * Renders all frames of an animated GIF, WebP or PNG, in their time, as one animated WebP without metadata, never enlarged.
 * @throws InvalidImageError if a frame is damaged, or all together take too long
 */
export async function renderAnimation(file: string): Promise<RenderedAnimation> {
  try {
    const { data, info } = await (await open(await readFile(file))).toBuffer({ resolveWithObject: true })
    return { data, width: info.width, height: info.pageHeight ?? info.height }
  } catch (error) {
    if (/timeout/i.test(messageOf(error)))
      throw new InvalidImageError('too_complex', 'The animation takes too long.', { cause: error })
    throw asInvalidImage(error)
  }
}

async function open(bytes: Buffer): Promise<Sharp> {
  const { box, format, encoder } = ANIMATION_SPEC
  const apng = readApng(bytes, MAX_ANIMATION_FRAMES)
  if (apng) {
    const timing = { delays: apng.frames.map(({ delay }) => delay), loops: apng.plays }
    return (await composeApng(apng, box)).open(timing, encoder)
  }
  return openAnimation(bytes, MAX_ANIMATION_PIXELS)
    .resize({ ...box, fit: 'inside', withoutEnlargement: true })
    .toFormat(format, encoder)
}
