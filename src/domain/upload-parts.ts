/** From more than this on, an upload that asks for it arrives in parts. */
export const MULTIPART_FROM_BYTES = 16 * 1024 ** 2

/**
 * The most that one PUT may carry: at 0.5 Mbit/s, a mobile uplink, it takes 14 minutes, which an upload waits for after its URL
 * has expired. Larger originals arrive in parts.
 */
export const MAX_PUT_BYTES = 50 * 1024 ** 2

/** Of every part but the last. S3 takes no smaller ones than 5 MiB; a lost part of this size costs two minutes at 0.5 Mbit/s. */
export const PART_BYTES = 8 * 1024 ** 2

/** Parts that one request may ask for. */
export const MAX_PARTS_ASKED = 100

export interface PartSize {
  number: number
  bytes: number
}

/** The parts that an original arrives in: all of one size, but for the last. */
export function partsOf(bytes: number, partBytes: number): PartSize[] {
  return Array.from({ length: Math.ceil(bytes / partBytes) }, (_, index) => ({
    number: index + 1,
    bytes: Math.min(partBytes, bytes - index * partBytes),
  }))
}
