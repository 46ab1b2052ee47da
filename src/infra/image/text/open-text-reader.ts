import { MAX_CHARACTERS } from '../../../domain/limits.ts'
import { openImageProcessor, type ProcessorOptions } from '../processor.ts'
import type { TextInPicture } from './read-text.ts'

/** Reads the text in pictures, one at a time, in a child process of its own. */
export interface TextReader {
  /**
   * @param file an original or a variant; it must be the caller's own (ImageProcessor)
   * @throws as ImageProcessor.run does
   */
  read(file: string, signal?: AbortSignal): Promise<TextInPicture>
  close(): Promise<void>
}

/** Two networks and their runtime; between 2 and 3 GB, V8 reserves so much that too little is left for them. */
const ADDRESS_SPACE_BYTES = 3 * 1024 ** 3
/** A page of print takes 20 s (MAX_SECONDS in read-text.ts), and the dearest original 5 s. */
const CPU_SECONDS = 60
/** On a busy machine the child gets little of a core. */
const WALL_SECONDS = 300
/** Whoever decodes for an upload, at 10, comes first, where Linux does not share processors between sessions. */
const NICENESS = 19

/** Its child starts with the first picture. */
export function openTextReader(
  options: Pick<ProcessorOptions, 'sandbox' | 'logger'> & { maxPixels: number; cpuSeconds?: number },
): TextReader {
  const { maxPixels, cpuSeconds = CPU_SECONDS, ...processor } = options
  const images = openImageProcessor({
    ...processor,
    children: 1,
    limits: {
      addressSpaceBytes: ADDRESS_SPACE_BYTES,
      cpuSeconds,
      wallSeconds: WALL_SECONDS,
      niceness: NICENESS,
    },
  })
  return {
    read: (file, signal) =>
      images.run('readText', file, { maxPixels, maxCharacters: MAX_CHARACTERS.textInPhoto }, { signal }),
    close: () => images.close(),
  }
}
