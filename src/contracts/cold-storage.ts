/**
 * Moves originals that are old into the cold storage, and ends the time of those that were restored (docs/media.md). Scheduled
 * every day; there is one at a time.
 */
export const COLD_STORAGE = 'coldStorage'
export const COLD_STORAGE_ID = 'cold-storage'
export const COLD_STORAGE_SCHEDULE_ID = 'cold-storage'

/** Signals: hold after the slice under way; go on. */
export const PAUSE_COLD_STORAGE = 'pauseColdStorage'
export const RESUME_COLD_STORAGE = 'resumeColdStorage'
/** Query: how far it has come. */
export const COLD_STORAGE_PROGRESS = 'coldStorageProgress'

/** Where the walk over old originals stands: the last blob that was looked at. */
export interface ColdStoragePosition {
  /** ISO 8601. */
  createdAt: string
  blobId: string
}

export interface ColdStorageTally {
  /** Old originals that were looked at. */
  seen: number
  /** Copied, verified and deleted from the hot storage. */
  moved: number
  movedBytes: number
  /** The same bytes were cold already, so that nothing had to be copied. */
  joined: number
  joinedBytes: number
  /** A younger photo has the same bytes, so that they stay. */
  held: number
  /** Could not be moved, and why: the first of them. They stay where they are. */
  failed: number
  failures: { blobId: string; reason: string }[]
  /** Restored originals whose time was over. */
  ended: number
  /** What all that went costs less a month, by the prices in the settings. */
  savedPerMonth: number
}

export interface ColdStorageSliceInput {
  /** ISO 8601. Photos from before it are old. */
  before: string
  after?: ColdStoragePosition | undefined
}

export interface ColdStorageSlice {
  after?: ColdStoragePosition | undefined
  tally: ColdStorageTally
  isAtEnd: boolean
}

/** Carried over by continue-as-new. */
export interface ColdStorageCheckpoint {
  /** ISO 8601. */
  before: string
  after?: ColdStoragePosition | undefined
  tally: ColdStorageTally
  isPaused: boolean
}

export interface ColdStorageProgress {
  state: 'running' | 'paused' | 'done'
  tally: ColdStorageTally
}

export const NOTHING_COOLED: ColdStorageTally = {
  seen: 0,
  moved: 0,
  movedBytes: 0,
  joined: 0,
  joinedBytes: 0,
  held: 0,
  failed: 0,
  failures: [],
  ended: 0,
  savedPerMonth: 0,
}

/** Of those that failed, so many are named. */
const NAMED_FAILURES = 20

/** What two tallies come to. */
export function addCooled(first: ColdStorageTally, second: ColdStorageTally): ColdStorageTally {
  return {
    seen: first.seen + second.seen,
    moved: first.moved + second.moved,
    movedBytes: first.movedBytes + second.movedBytes,
    joined: first.joined + second.joined,
    joinedBytes: first.joinedBytes + second.joinedBytes,
    held: first.held + second.held,
    failed: first.failed + second.failed,
    failures: [...first.failures, ...second.failures].slice(0, NAMED_FAILURES),
    ended: first.ended + second.ended,
    savedPerMonth: first.savedPerMonth + second.savedPerMonth,
  }
}
