import type { AvatarSize, AvatarSpec } from '../../domain/avatars.ts'
import type { VariantFormat } from '../../domain/variants.ts'
import { toPixels, type Pixels } from './original.ts'
import { encode, openInput, openPixels, scaleDown } from './render.ts'

export interface RenderedSquare {
  size: AvatarSize
  format: VariantFormat
  data: Buffer
}

interface SquareOptions {
  specs: readonly AvatarSpec[]
  /** Width × height; the original was inspected against the same limit. */
  maxPixels: number
}

/**
 * Renders squares of the middle of a picture with one decode: upright, sRGB, without any metadata, never enlarged.
 *
 * @param file path of a picture that was inspected
 * @throws InvalidImageError if it cannot be decoded; any other error is worth a retry, since all squares are wanted
 */
export async function renderSquares(
  file: string,
  { specs, maxPixels }: SquareOptions,
  handOver: (square: RenderedSquare) => void,
): Promise<void> {
  const original = await openInput(file, maxPixels)
  const shorter = Math.min(original.width, original.height)
  const sides = [...new Set(specs.map(({ side }) => Math.min(side, shorter)))].sort(
    (one, other) => other - one,
  )
  const scale = sides[0]! / shorter
  const decoded = await original.decode({
    width: Math.max(sides[0]!, Math.round(original.width * scale)),
    height: Math.max(sides[0]!, Math.round(original.height * scale)),
  })
  let square = await middleOf(decoded, sides[0]!)
  for (const side of sides) {
    if (side < square.width) square = await scaleDown(square, { width: side, height: side })
    for (const { size, format, encoder } of specs.filter((spec) => Math.min(spec.side, shorter) === side))
      handOver({ size, format, data: await encode(square, format, encoder).toBuffer() })
  }
}

function middleOf(pixels: Pixels, side: number): Promise<Pixels> {
  const left = Math.floor((pixels.width - side) / 2)
  const top = Math.floor((pixels.height - side) / 2)
  return toPixels(openPixels(pixels).extract({ left, top, width: side, height: side }))
}
