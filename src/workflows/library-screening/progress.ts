import {
  NOTHING_SCREENED,
  type LibraryScreeningInput,
  type LibraryScreeningProgress,
  type LibraryScreeningState,
  type ScreeningCheckpoint,
} from '../../contracts/library-screening.ts'
import { trackRun, type RunTracker } from '../run-tracker.ts'

type End = Extract<LibraryScreeningState, 'done' | 'cancelled'>
export type ScreeningTracker = RunTracker<ScreeningCheckpoint, LibraryScreeningProgress, End>

/** Tracks where a screening of the library stands. */
export function trackScreening({ canary, photosPerMinute, resume }: LibraryScreeningInput): ScreeningTracker {
  const begin: ScreeningCheckpoint = resume ?? {
    phase: canary > 0 ? 'canary' : 'library',
    tally: NOTHING_SCREENED,
    isPaused: false,
    isApproved: false,
    photosPerMinute,
    photos: 0,
  }
  return trackRun(begin, progressOf, describe)
}

function progressOf(checkpoint: ScreeningCheckpoint, end: End | undefined): LibraryScreeningProgress {
  const { after: _after, isPaused, isApproved: _isApproved, ...shown } = checkpoint
  return { ...shown, state: end ?? (isPaused ? 'paused' : shown.phase) }
}

function describe({ state, tally, photos, photosPerMinute }: LibraryScreeningProgress): string {
  const changes = Object.entries(tally.changes).map(([change, count]) => `\n- ${change}: ${count}`)
  return (
    `**${state}**: ${tally.seen} of ${photos} photos seen, ${tally.screened} screened (at most ${photosPerMinute} a minute), ` +
    `${tally.failed} failed${changes.join('')}`
  )
}
