import { fitWithin } from '../../domain/variants.ts'
import { toPixels, type Pixels } from './original.ts'
import { perceptualHash } from './perceptual-hash.ts'
import { openInput } from './render.ts'
import { sharp } from './sharp.ts'

/** What a classifier elsewhere is sent: large enough for any, and without metadata. */
const SENT_BOX = { width: 512, height: 512 }
const SENT_QUALITY = 85
/** More pixels change nothing. */
const HASHED_BOX = { width: 200, height: 200 }

/**
 * A picture for a classifier elsewhere: a small upright JPEG without metadata.
 * @throws InvalidImageError if it cannot be decoded
 */
export async function smallJpeg(file: string, { maxPixels }: { maxPixels: number }): Promise<Buffer> {
  const { data, ...raw } = await smallPicture(file, { maxPixels, box: SENT_BOX })
  return sharp(data, { raw }).jpeg({ quality: SENT_QUALITY }).toBuffer()
}

/**
 * The perceptual hash of a picture that is stored already.
 * @returns undefined for a picture without features
 * @throws InvalidImageError if it cannot be decoded
 */
export async function pictureHash(
  file: string,
  { maxPixels }: { maxPixels: number },
): Promise<bigint | undefined> {
  return perceptualHash(await smallPicture(file, { maxPixels, box: HASHED_BOX }))
}

/** Decoded to fit into the box, on white, never enlarged. */
export async function smallPicture(
  file: string,
  { maxPixels, box }: { maxPixels: number; box: { width: number; height: number } },
): Promise<Pixels> {
  const picture = await openInput(file, maxPixels)
  const { data, ...raw } = await picture.decode(fitWithin(picture.width, picture.height, box))
  return toPixels(sharp(data, { raw }).flatten({ background: '#ffffff' }).toColourspace('srgb'))
}
