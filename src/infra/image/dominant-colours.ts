import { thumbhashPixels } from './thumbhash-pixels.ts'
import { colourOf, type Colour } from '../../domain/colours.ts'

/** A colour beside the most frequent one counts from this share of the picture on. */
const LEAST_SHARE = 0.25
const MAX_COLOURS = 3
/** Fainter pixels show what lies behind the picture. */
const LEAST_ALPHA = 128
/** Of its longer side. A thumbhash has no more than three and a half waves there, so that more pixels would say nothing more. */
const SIDE = 16

/**
 * The colours that cover most of a picture, the most frequent first, by the blurred copy that its thumbhash is. No pixels of the picture
 * itself are read, so that documents can be made from rows alone.
 * @param thumbhash base64; empty for what is no thumbhash
 */
export function dominantColours(thumbhash: string): Colour[] {
  const bytes = Buffer.from(thumbhash, 'base64')
  if (bytes.length < LEAST_BYTES) return []
  const rgba = thumbhashPixels(bytes, SIDE)
  const colours: Colour[] = []
  const pixels: number[] = []
  let rank = -1
  let seen = 0
  for (let at = 0; at + 3 < rgba.length; at += 4) {
    if (rgba[at + 3]! < LEAST_ALPHA) continue
    const colour = colourOf(rgba[at]!, rgba[at + 1]!, rgba[at + 2]!)
    // Most pixels have the colour of the one before.
    if (colour !== colours[rank]) {
      rank = colours.indexOf(colour)
      if (rank < 0) {
        rank = colours.push(colour) - 1
        pixels.push(0)
      }
    }
    pixels[rank]!++
    seen++
  }
  if (colours.length < 2) return colours
  return colours
    .map((colour, at) => ({ colour, count: pixels[at]! }))
    .sort((left, right) => right.count - left.count)
    .filter(({ count }, at) => at === 0 || count >= seen * LEAST_SHARE)
    .slice(0, MAX_COLOURS)
    .map(({ colour }) => colour)
}

/** The header alone. */
const LEAST_BYTES = 5
