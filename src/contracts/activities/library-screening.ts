import type { PresentPolicy, ScreeningSliceInput, ScreeningSliceResult } from '../library-screening.ts'

/** The steps of libraryScreening on the queue `moderation`. */
export interface LibraryScreeningActivities {
  /** What verdicts rest on at present, and how many photos there are. */
  surveyLibrary: () => Promise<{ present: PresentPolicy; photos: number }>
  /** Screens a stretch of the library within some seconds. */
  screenSlice: (input: ScreeningSliceInput) => Promise<ScreeningSliceResult>
}
