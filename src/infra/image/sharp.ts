import sharp from 'sharp'
import type { Sharp } from 'sharp'

/**
 * The one place where libvips is set up; import `sharp` from nowhere else.
 *
 * - Loaders: only those of the accepted formats stay, so that SVG, PDF, JPEG 2000 or Magick code never sees a foreign byte.
 *   The UltraHDR loader is off on purpose: such files are then read as the ordinary JPEG that they also are.
 * - Cache: an operation is never repeated on the same input here, so the cache would only hold memory.
 * - Threads: one libvips thread per image; images run beside each other on libuv's pool. A second thread per image gained
 *   nothing in a measurement on two cores: decoders and encoders of these formats work in one.
 */
sharp.block({ operation: ['VipsForeignLoad'] })
sharp.unblock({
  operation: ['Jpeg', 'Png', 'Webp', 'Heif', 'Nsgif', 'Tiff'].flatMap((format) => [
    `VipsForeignLoad${format}File`,
    `VipsForeignLoad${format}Buffer`,
  ]),
})
sharp.cache(false)
sharp.concurrency(1)

export { sharp }

/**
 * When resizing and encoding are given up. libvips looks at the clock only between the lines that a loader yields, not within
 * the loader, so it cannot end the decoding of an AVIF or an interlaced image; those are bounded by `maxPixels`, and
 * progressive JPEGs by libvips's own limit on scans.
 */
export const TIMEOUT_SECONDS = 30

export interface ForeignOptions {
  maxPixels: number
  failOn?: 'warning' | 'error' | undefined
}

/**
 * A pipeline over foreign bytes: first frame, upright, refused beyond `maxPixels`, bounded in time.
 *
 * `failOn` is `error` by default and not `warning`: real cameras and editors write files that libjpeg and libpng grumble
 * at and every browser shows.
 */
export function openForeign(input: string | Buffer, { maxPixels, failOn = 'error' }: ForeignOptions): Sharp {
  return sharp(input, { pages: 1, failOn, limitInputPixels: maxPixels, autoOrient: true }).timeout({
    seconds: TIMEOUT_SECONDS,
  })
}

/** A pipeline over all frames of foreign bytes, refused beyond `maxPixels` of all of them, bounded in time. */
export function openAnimation(input: Buffer, maxPixels: number): Sharp {
  return sharp(input, { animated: true, failOn: 'error', limitInputPixels: maxPixels }).timeout({
    seconds: TIMEOUT_SECONDS,
  })
}
