import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { fitWithin } from '../../domain/variants.ts'
import { PLACEHOLDER_BOX } from './inspect.ts'
import { perceptualHash } from './perceptual-hash.ts'
import { openInput } from './render.ts'

export interface PictureHashes {
  /** Of the bytes, in hex. */
  sha256: string
  /** As `inspectOriginal` makes it; absent for a picture without features. */
  perceptualHash?: bigint | undefined
}

/**
 * What a picture is recognised by, of an upload or of the block list.
 * @throws InvalidImageError if it cannot be decoded
 */
export async function hashPicture(
  file: string,
  { maxPixels }: { maxPixels: number },
): Promise<PictureHashes> {
  const bytes = await readFile(file)
  const picture = await openInput(bytes, maxPixels)
  const pixels = await picture.decode(fitWithin(picture.width, picture.height, PLACEHOLDER_BOX))
  return {
    sha256: createHash('sha256').update(bytes).digest('hex'),
    perceptualHash: await perceptualHash(pixels),
  }
}
