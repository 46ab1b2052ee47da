import type { LibraryScreeningActivities } from '../contracts/activities/library-screening.ts'
import { addScreenings, type ScreeningSliceResult } from '../contracts/library-screening.ts'
import type { LibraryScreener } from '../services/screening/screen-library.ts'
import { asActivities } from './failures.ts'
import { resumedSlice } from './resumed-slice.ts'

/** The time limit of a slice, beside the photo that is under way: new photos may wait for its slot. */
const SLICE_MS = 2_000

/** The steps of libraryScreening. */
export function createLibraryScreeningActivities({
  screener,
}: {
  screener: LibraryScreener
}): LibraryScreeningActivities {
  return asActivities<LibraryScreeningActivities>({
    surveyLibrary: () => screener.survey(),

    screenSlice: (input) =>
      resumedSlice<ScreeningSliceResult>(addScreenings, (before, running) =>
        screener.slice({ ...input, after: before?.after ?? input.after }, { maxMs: SLICE_MS, ...running }),
      ),
  })
}
