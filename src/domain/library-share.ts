import type { PhotoId } from './ids.ts'

/** A share of the photos by a hash of their ids, in ten-thousandths: those from `from` on, below `below`. */
export interface LibraryShare {
  from: number
  below: number
}
export const WHOLE_LIBRARY = 10_000

/** The last 16 bits of an id are random, so that a share has photos of all times. */
export function isInShare(photoId: PhotoId, { from, below }: LibraryShare): boolean {
  const part = (Number.parseInt(photoId.slice(-4), 16) / 0x1_00_00) * WHOLE_LIBRARY
  return part >= from && part < below
}
