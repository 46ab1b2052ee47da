import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow'
import {
  NOTHING_SCREENED,
  type LibraryScreeningInput,
  type LibraryScreeningProgress,
  type LibraryScreeningState,
  type ScreeningCheckpoint,
} from '../../contracts/library-screening.ts'
import { stageAttribute } from '../../contracts/search-attributes.ts'

/** Tracks where a screening of the library stands and shows it in the query, the search attribute and the details in the Web UI. */
export function trackScreening({ canary, photosPerMinute, resume }: LibraryScreeningInput) {
  let checkpoint: ScreeningCheckpoint = resume ?? {
    phase: canary > 0 ? 'canary' : 'library',
    tally: NOTHING_SCREENED,
    isPaused: false,
    isApproved: false,
    photosPerMinute,
    photos: 0,
  }
  let end: 'done' | 'cancelled' | undefined
  let told: LibraryScreeningState | undefined

  function get(): LibraryScreeningProgress {
    const { after: _after, isPaused, isApproved: _isApproved, ...shown } = checkpoint
    return { ...shown, state: end ?? (isPaused ? 'paused' : shown.phase) }
  }

  function show(): void {
    const { state, tally, photos, photosPerMinute: rate } = get()
    if (told !== state) {
      told = state
      upsertSearchAttributes([{ key: stageAttribute, value: state }])
    }
    const changes = Object.entries(tally.changes).map(([change, count]) => `\n- ${change}: ${count}`)
    setCurrentDetails(
      `**${state}**: ${tally.seen} of ${photos} photos seen, ${tally.screened} screened (at most ${rate} a minute), ` +
        `${tally.failed} failed${changes.join('')}`,
    )
  }

  show()
  return {
    get,
    checkpoint: (): ScreeningCheckpoint => checkpoint,
    change(changes: Partial<ScreeningCheckpoint>): void {
      checkpoint = { ...checkpoint, ...changes }
      show()
    },
    finish(how: 'done' | 'cancelled'): LibraryScreeningProgress {
      end = how
      show()
      return get()
    },
  }
}
export type ScreeningTracker = ReturnType<typeof trackScreening>
