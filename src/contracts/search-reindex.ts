import type { PhotoId } from '../domain/ids.ts'

/**
 * Builds the search index anew beside the one that is searched, from Postgres, and takes it into use (docs/search.md). There is one at a
 * time; `darkroom search reindex`, `darkroom setup` and searchDrift start it.
 */
export const SEARCH_REINDEX = 'searchReindex'
export const SEARCH_REINDEX_ID = 'search-reindex'

/** Signals: hold after the slice under way; go on. */
export const PAUSE_REINDEX = 'pauseReindex'
export const RESUME_REINDEX = 'resumeReindex'
/** Signal: give the new index up; searches stay where they are. */
export const ABANDON_REINDEX = 'abandonReindex'
/** Signal: documents a second from now on; null: as fast as possible. */
export const SET_REINDEX_RATE = 'setReindexRate'
/** Query: how far it has come. */
export const REINDEX_PROGRESS = 'reindexProgress'

export interface SearchReindexInput {
  /** The line that operators read: why it runs. */
  reason: string
  /** INDEX_VERSION of the release that asked for it. */
  version: number
  /** As fast as possible by default. */
  documentsPerSecond?: number | undefined
  /** Carried over by continue-as-new. */
  resume?: ReindexCheckpoint | undefined
}

/** `verify`: compares the new index with the rows. */
type ReindexPhase = 'create' | 'copy' | 'verify' | 'swap'
export type ReindexState = ReindexPhase | 'paused' | 'done' | 'abandoned' | 'failed'

/** Where a reindex stands; of bounded size. */
export interface ReindexCheckpoint {
  phase: ReindexPhase
  /** The name of the new index. */
  index: string | null
  /** The last photo that was copied or compared in this phase. */
  after: PhotoId | null
  /** Published photos, counted at the beginning. */
  photos: number
  copied: ReindexTally
  verified: Findings
  /** Verifications that found something; what they found was written again. */
  rounds: number
  isPaused: boolean
  isAbandoned: boolean
  documentsPerSecond: number | null
}

export interface ReindexTally {
  /** Documents that were written or were there, at their rows' versions or newer. */
  documents: number
  /** Documents that the index does not take, the first of them, and why. */
  rejected: number
  rejections: { photoId: PhotoId; reason: string }[]
}

/** What a comparison of rows with documents came to. */
export interface Findings {
  /** Photos compared. */
  compared: number
  /** Published photos without a document. */
  missing: number
  /** Documents without a published photo. */
  extra: number
  /** Documents of an older version than the row. */
  stale: number
  /** Documents of a newer version than the row: Postgres went back in time, and only a new index can follow. */
  ahead: number
  /** Documents of the row's version that say something else. */
  different: number
  /** Documents whose likes are out of date. They follow them at leisure, and this is no fault. */
  aged: number
  /** Those that were in line when looked at again after being written once more. */
  repaired: number
  /** The first photos found. */
  examples: PhotoId[]
}

export type ReindexProgress = Omit<ReindexCheckpoint, 'after' | 'isPaused' | 'isAbandoned'> & {
  state: ReindexState
}

/** A stretch of the photos, in the order of ids. */
export interface StretchInput {
  index: string
  after: PhotoId | null
}
export interface CopyInput extends StretchInput {
  maxDocuments: number
}
export interface CopySlice {
  after: PhotoId | null
  tally: ReindexTally
  isAtEnd: boolean
}
export interface ComparisonSlice {
  after: PhotoId | null
  tally: Findings
  isAtEnd: boolean
}

export const NOTHING_COPIED: ReindexTally = { documents: 0, rejected: 0, rejections: [] }
export const NOTHING_FOUND: Findings = {
  compared: 0,
  missing: 0,
  extra: 0,
  stale: 0,
  ahead: 0,
  different: 0,
  aged: 0,
  repaired: 0,
  examples: [],
}

/** Of those that were rejected or found, so many are named. */
const NAMED = 20

/** What two tallies come to. */
export function addCopied(first: ReindexTally, second: ReindexTally): ReindexTally {
  return {
    documents: first.documents + second.documents,
    rejected: first.rejected + second.rejected,
    rejections: [...first.rejections, ...second.rejections].slice(0, NAMED),
  }
}

export function addFindings(first: Findings, second: Findings): Findings {
  return {
    compared: first.compared + second.compared,
    missing: first.missing + second.missing,
    extra: first.extra + second.extra,
    stale: first.stale + second.stale,
    ahead: first.ahead + second.ahead,
    different: first.different + second.different,
    aged: first.aged + second.aged,
    repaired: first.repaired + second.repaired,
    examples: [...first.examples, ...second.examples].slice(0, NAMED),
  }
}

/** How many photos were out of line. */
export const foundIn = ({ missing, extra, stale, ahead, different }: Findings): number =>
  missing + extra + stale + ahead + different
