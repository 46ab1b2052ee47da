import { readFile } from 'node:fs/promises'
import type { Metadata } from 'sharp'
import { composedBytes } from './animation.ts'
import type { JobName } from './jobs.ts'
import { sharp } from './sharp.ts'

/**
 * Bytes a pixel that decoding takes, rounded up from what was measured on noise of 24 megapixels (docs/media.md). What is decoded
 * line by line takes little; the others hold the whole picture, some more than once.
 */
const BYTES_PER_PIXEL: Partial<Record<Metadata['format'], number>> = {
  jpeg: 1,
  png: 5,
  webp: 8,
  gif: 6,
  heif: 26,
  tiff: 8,
}
const PROGRESSIVE_JPEG = 8
const INTERLACED_PNG = 18
/** Formats that are not known here hold the picture in 16 bit, twice. */
const UNKNOWN = 16
/** The sizes that variants are made from, and their encoders. */
const RENDERING_BYTES = 100_000_000

/**
 * What decoding this file and rendering it are expected to take beyond an idle child, by its header; 0 if there is no header. The
 * limit of a child is what bounds it; this decides how many of the greedy ones run at once.
 */
export async function estimateMemory(file: string, job: JobName): Promise<number> {
  try {
    const metadata = await sharp(file, { pages: 1, limitInputPixels: false }).metadata()
    const animation = job === 'renderAnimation' ? composedBytes(await readFile(file)) : 0
    return RENDERING_BYTES + metadata.width * metadata.height * bytesPerPixel(metadata) + animation
  } catch {
    return 0
  }
}

function bytesPerPixel({ format, isProgressive }: Metadata): number {
  if (isProgressive && format === 'jpeg') return PROGRESSIVE_JPEG
  if (isProgressive && format === 'png') return INTERLACED_PNG
  return BYTES_PER_PIXEL[format] ?? UNKNOWN
}
