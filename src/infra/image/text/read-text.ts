import { fitWithin } from '../../../domain/variants.ts'
import { toPixels, type Pixels } from '../original.ts'
import { sharp } from '../sharp.ts'
import { smallPicture } from '../small-picture.ts'
import { linesOfBoxes, type ReadBox } from './lines-of-boxes.ts'
import { loadNetworks, type Networks } from './networks.ts'
import { straighten } from './straighten.ts'
import { textBoxes, type Box } from './text-boxes.ts'

/** Lines are read in this size, and found in a smaller one, which costs the most memory. */
const READ_BOX = { width: 2_048, height: 2_048 }
const FOUND_BOX = { width: 960, height: 960 }
/** The finder halves its picture five times. */
const STEP = 32
/** Below it, what was read is leaves or bricks rather than letters. */
const MIN_CONFIDENCE = 0.6
/** Processor time after which a picture full of print is left, with the lines that were read by then. */
const MAX_SECONDS = 20

export interface TextInPicture {
  /** Names the weights. */
  version: string
  /** Line by line, from top to bottom; empty if there is none. */
  text: string
}

let loaded: Promise<Networks> | undefined

/**
 * Reads the text in a picture: printed and clear handwritten Latin letters, digits, and Chinese.
 * @param file an original or a variant
 * @throws InvalidImageError if it cannot be decoded
 */
export async function readText(
  file: string,
  { maxPixels, maxCharacters }: { maxPixels: number; maxCharacters: number },
): Promise<TextInPicture> {
  loaded ??= loadNetworks()
  const networks = await loaded
  const picture = await smallPicture(file, { maxPixels, box: READ_BOX })
  const read: ReadBox[] = []
  const before = process.cpuUsage()
  let characters = 0
  for (const box of await boxesIn(picture, networks)) {
    const { user, system } = process.cpuUsage(before)
    if (characters > maxCharacters || (user + system) / 1e6 > MAX_SECONDS) break
    const text = await textIn(picture, box, networks)
    if (text !== '') read.push({ box, text })
    characters += text.length
  }
  // Cut between code points.
  const text = [...linesOfBoxes(read)].slice(0, maxCharacters).join('').trimEnd()
  return { version: networks.version, text }
}

async function boxesIn(picture: Pixels, networks: Networks): Promise<Box[]> {
  const { data, ...raw } = picture
  const fitting = fitWithin(raw.width, raw.height, FOUND_BOX)
  const size = { width: toStep(fitting.width), height: toStep(fitting.height) }
  const found = await networks.find(await toPixels(sharp(data, { raw }).resize({ ...size, fit: 'fill' })))
  const [scaleX, scaleY] = [raw.width / size.width, raw.height / size.height]
  // Both scales are the same but for the rounding to steps, so that angles stay.
  return textBoxes(found).map((box) => ({
    ...box,
    x: box.x * scaleX,
    y: box.y * scaleY,
    width: box.width * scaleX,
    height: box.height * scaleY,
  }))
}

const toStep = (side: number): number => Math.max(STEP, Math.round(side / STEP) * STEP)

async function textIn(picture: Pixels, box: Box, networks: Networks): Promise<string> {
  let best = { text: '', confidence: MIN_CONFIDENCE }
  for (const line of straighten(picture, box)) {
    const read = await networks.read(line)
    if (read.confidence >= best.confidence) best = read
  }
  return best.text.trim()
}
