import type { PhotoTextActivities } from '../contracts/activities/photo-texts.ts'
import type { ReadTexts } from '../services/photo-texts/read-texts.ts'
import { asActivities } from './failures.ts'
import { whileHeartbeating } from './heartbeat.ts'

/** The time limit of a slice, beside the photo that is under way: uploads may wait for its slot. */
const SLICE_MS = 2_000

/** The step of textReader. A retry begins with the next photo that is owed. */
export function createPhotoTextActivities({ readTexts }: { readTexts: ReadTexts }): PhotoTextActivities {
  return asActivities<PhotoTextActivities>({
    readTexts: () => whileHeartbeating((signal) => readTexts({ maxMs: SLICE_MS, signal })),
  })
}
