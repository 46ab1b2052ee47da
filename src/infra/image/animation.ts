import { readFile } from 'node:fs/promises'
import type { Sharp } from 'sharp'
import { InvalidImageError } from '../../domain/invalid-image.ts'
import {
  animationFrames,
  ANIMATION_SPEC,
  MAX_ANIMATION_FRAMES,
  MAX_ANIMATION_PIXELS,
  mayMove,
  ORIGINAL_CONTENT_TYPES,
  type OriginalContentType,
  type PixelSize,
} from '../../domain/variants.ts'
import { messageOf } from '../../observability/error-text.ts'
import { readApng } from './apng.ts'
import { composeApng } from './compose-apng.ts'
import { filmBytes } from './film.ts'
import { detectContentType } from './format.ts'
import { asInvalidImage, openOriginal, type Original } from './original.ts'
import { openAnimation } from './sharp.ts'

export interface RenderedAnimation extends PixelSize {
  frames: number
  data: Buffer
}

/**
 * How many frames an original has that are kept as a variant; 0 of still pictures, malformed animations and those that take too
 * much. Frames cannot be turned, which hardly any animation asks for.
 */
export function framesOf(
  bytes: Buffer,
  contentType: OriginalContentType,
  { width, height, metadata }: Original,
): number {
  if ((metadata.orientation ?? 1) !== 1) return 0
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
 * @returns null if it has none that are kept
 * @throws InvalidImageError if a frame is damaged, or all together take too long
 */
export async function renderAnimation(file: string): Promise<RenderedAnimation | null> {
  try {
    const bytes = await readFile(file)
    const frames = await framesIn(bytes)
    if (frames === 0) return null
    const { data, info } = await (await open(bytes)).toBuffer({ resolveWithObject: true })
    return { frames, data, width: info.width, height: info.pageHeight ?? info.height }
  } catch (error) {
    if (/timeout/i.test(messageOf(error)))
      throw new InvalidImageError('too_complex', 'The animation takes too long.', { cause: error })
    throw asInvalidImage(error)
  }
}

/** As inspection finds them. */
async function framesIn(bytes: Buffer): Promise<number> {
  const detected = await detectContentType(bytes)
  const contentType = ORIGINAL_CONTENT_TYPES.find((type) => type === detected && mayMove(type))
  if (!contentType) return 0
  return framesOf(bytes, contentType, await openOriginal(bytes, contentType, MAX_ANIMATION_PIXELS))
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
