import type { PhotoId } from '../domain/ids.ts'
import type { LibraryShare } from '../domain/library-share.ts'
import type { Verdict } from '../domain/screening.ts'

/**
 * Screens the whole library anew: photos whose last verdict is of another model or policy, or of none (docs/moderation.md). There is
 * one at a time.
 */
export const LIBRARY_SCREENING = 'libraryScreening'
export const LIBRARY_SCREENING_ID = 'library-screening'

/** Signals: hold after the slice under way; go on. */
export const PAUSE_SCREENING = 'pauseScreening'
export const RESUME_SCREENING = 'resumeScreening'
/** Signal: the canary was looked at and is good; go on with the rest of the library. */
export const APPROVE_SCREENING = 'approveScreening'
/** Signal: photos a minute from now on. */
export const SET_SCREENING_RATE = 'setScreeningRate'
/** Query: how far it has come. */
export const SCREENING_PROGRESS = 'screeningProgress'

/** What verdicts rest on at present; those of others are out of date. */
export interface PresentPolicy {
  policyVersion: string
  /** Null without a classifier. */
  modelVersion: string | null
}

export interface LibraryScreeningInput {
  /** Also photos whose verdict is up to date: for an addition to the block list. */
  all: boolean
  /** How many ten-thousandths of the library come first, without a measure, and are then to be approved; 0: none. */
  canary: number
  photosPerMinute: number
  /** Carried over by continue-as-new. */
  resume?: ScreeningCheckpoint | undefined
}

type ScreeningPhase = 'canary' | 'approval' | 'library'
export type LibraryScreeningState = ScreeningPhase | 'paused' | 'done' | 'cancelled'

/** Where it stands; of bounded size, whatever the library's. */
export interface ScreeningCheckpoint {
  phase: ScreeningPhase
  present?: PresentPolicy | undefined
  /** The last photo that was looked at in this phase; undefined at its beginning. */
  after?: PhotoId | undefined
  tally: ScreeningTally
  /** What the canary came to, once it is over. */
  canary?: ScreeningTally | undefined
  isPaused: boolean
  isApproved: boolean
  photosPerMinute: number
  /** All photos, counted at the beginning. */
  photos: number
}

export interface ScreeningTally {
  /** Photos looked at, of which `screened` were out of date. */
  seen: number
  screened: number
  /** Of those, how many got another verdict, by `<former>-><new>`; `none` was the former of those without one. */
  changes: Record<string, number>
  /** Photos that could not be screened, and why: the first of them by id. */
  failed: number
  failures: { photoId: PhotoId; code: string }[]
}

export const NOTHING_SCREENED: ScreeningTally = { seen: 0, screened: 0, changes: {}, failed: 0, failures: [] }
/** Of those that failed, so many are named. */
const NAMED_FAILURES = 20

export interface LibraryScreeningProgress extends Omit<
  ScreeningCheckpoint,
  'after' | 'isPaused' | 'isApproved'
> {
  state: LibraryScreeningState
}

/** A stretch of the library, in the order of ids. */
export interface ScreeningSliceInput {
  present: PresentPolicy
  all: boolean
  /** Only tells what would change: nothing is recorded, and no measure taken. */
  isTrial: boolean
  share: LibraryShare
  after?: PhotoId | undefined
  /** Of those that are out of date. */
  maxPhotos: number
}

export interface ScreeningSliceResult {
  after?: PhotoId | undefined
  tally: ScreeningTally
  /** Whether the slice came to the end of the library. */
  isAtEnd: boolean
}

/** The key of a change, or undefined if nothing has. */
export function changeOf(former: Verdict | undefined, now: Verdict): string | undefined {
  return former === now ? undefined : `${former ?? 'none'}->${now}`
}

/** What two tallies come to. */
export function addScreenings(first: ScreeningTally, second: ScreeningTally): ScreeningTally {
  const changes = { ...first.changes }
  for (const [change, count] of Object.entries(second.changes))
    changes[change] = (changes[change] ?? 0) + count
  return {
    seen: first.seen + second.seen,
    screened: first.screened + second.screened,
    changes,
    failed: first.failed + second.failed,
    failures: [...first.failures, ...second.failures].slice(0, NAMED_FAILURES),
  }
}
