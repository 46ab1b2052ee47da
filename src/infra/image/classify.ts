import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { InferenceSession } from 'onnxruntime-node'
import { MODEL_FILE } from './model-file.ts'
import { toPixels } from './original.ts'
import { sharp } from './sharp.ts'
import { smallPicture } from './small-picture.ts'

/** The picture is made a square of this side, whatever its shape, and the middle of it is looked at. */
const SQUARE = 256
const MIDDLE = 224
/** Decoded so large, a long picture still has its share of detail in both directions. */
const DECODED_BOX = { width: 2 * SQUARE, height: 2 * SQUARE }
const BORDER = (SQUARE - MIDDLE) / 2
/** What the network was trained to subtract from blue, green and red. */
const MEANS = [104, 117, 123] as const
const VERSION_DIGITS = 12

export interface Scores {
  /** Names the weights: the start of their SHA-256. */
  version: string
  /** By label, from 0 to 1. */
  scores: Record<string, number>
}

interface Model {
  version: string
  session: InferenceSession
}

let loaded: Promise<Model> | undefined

/**
 * Scores a picture with open_nsfw, on one thread.
 * @param file an original or a variant, beside the weights
 * @throws InvalidImageError if it cannot be decoded
 */
export async function classify(file: string, { maxPixels }: { maxPixels: number }): Promise<Scores> {
  loaded ??= load(join(dirname(file), MODEL_FILE))
  const { version, session } = await loaded
  const { Tensor } = await runtime()
  const input = new Tensor('float32', await inputOf(file, maxPixels), [1, MIDDLE, MIDDLE, 3])
  const output = await session.run({ [session.inputNames[0]!]: input })
  const [, nsfw] = output[session.outputNames[0]!]!.data as Float32Array
  return { version, scores: { nsfw: nsfw! } }
}

/** Loaded by the classifier's children alone: it reserves memory and threads. */
const runtime = () => import('onnxruntime-node')

async function load(file: string): Promise<Model> {
  const weights = await readFile(file)
  const version = createHash('sha256').update(weights).digest('hex').slice(0, VERSION_DIGITS)
  const { InferenceSession } = await runtime()
  const session = await InferenceSession.create(weights, { intraOpNumThreads: 1, interOpNumThreads: 1 })
  return { version, session }
}

/** The picture as the network was shown those that it learned from: squeezed, cropped, and once through a JPEG. */
async function inputOf(file: string, maxPixels: number): Promise<Float32Array> {
  const { data, ...raw } = await smallPicture(file, { maxPixels, box: DECODED_BOX })
  const jpeg = await sharp(data, { raw })
    .resize({ width: SQUARE, height: SQUARE, fit: 'fill', kernel: 'linear' })
    .extract({ left: BORDER, top: BORDER, width: MIDDLE, height: MIDDLE })
    .jpeg({ quality: 75 })
    .toBuffer()
  const { data: rgb } = await toPixels(sharp(jpeg).toColourspace('srgb'))
  return Float32Array.from(rgb, (_, at) => {
    const colour = at % 3
    return rgb[at - colour + 2 - colour]! - MEANS[colour]!
  })
}
