import type { ReencodeSliceInput, ReencodeSliceResult } from '../library-reencode.ts'

/** The steps of libraryReencode on the queue `media`. */
export interface ReencodeActivities {
  /** How many photos there are. */
  countPhotos: () => Promise<number>
  /** Re-encodes a stretch of the library within some seconds. */
  reencodeSlice: (input: ReencodeSliceInput) => Promise<ReencodeSliceResult>
}
