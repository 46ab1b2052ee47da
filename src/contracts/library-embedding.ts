import type { PhotoId } from '../domain/ids.ts'

/**
 * Has photos embedded that are not, or by another model: those of before there was an embedder, of its outages, and of a former model
 * (docs/discovery.md). There is one at a time. A run goes by the model that answers at its beginning; where another one has answered
 * meanwhile, it goes through the library once more, by the model of then, and no third time.
 */
export const LIBRARY_EMBEDDING = 'libraryEmbedding'
export const LIBRARY_EMBEDDING_ID = 'library-embedding'

/** Signals: hold after the slice under way; go on. */
export const PAUSE_EMBEDDING = 'pauseEmbedding'
export const RESUME_EMBEDDING = 'resumeEmbedding'
/** Signal: photos a minute from now on. */
export const SET_EMBEDDING_RATE = 'setEmbeddingRate'
/** Query: how far it has come. */
export const EMBEDDING_PROGRESS = 'embeddingProgress'

export interface LibraryEmbeddingInput {
  photosPerMinute: number
  /** Carried over by continue-as-new. */
  resume?: EmbeddingCheckpoint | undefined
}

export type LibraryEmbeddingState = 'library' | 'paused' | 'done' | 'failed' | 'cancelled'

/** Where it stands; of bounded size, whatever the library's. */
export interface EmbeddingCheckpoint {
  /** The model that answered at the beginning, and its version, once it is known. */
  model?: string | undefined
  /** Another model answered the first time, and this is the second. */
  isAgain?: boolean | undefined
  /** The last photo that was looked at; undefined at the beginning. */
  after?: PhotoId | undefined
  tally: EmbeddingTally
  isPaused: boolean
  photosPerMinute: number
  /** All photos, counted at the beginning. */
  photos: number
}

export interface EmbeddingTally {
  /** Photos looked at, of which `embedded` had to be. */
  seen: number
  embedded: number
  /** Of those that were embedded, by another model than the run's. */
  strayed: number
  /** Photos that could not be embedded, and why: the first of them by id. */
  failed: number
  failures: { photoId: PhotoId; code: string }[]
}

export const NOTHING_EMBEDDED: EmbeddingTally = {
  seen: 0,
  embedded: 0,
  strayed: 0,
  failed: 0,
  failures: [],
}
/** Of those that failed, so many are named. */
const NAMED_FAILURES = 20

export interface LibraryEmbeddingProgress extends Omit<EmbeddingCheckpoint, 'after' | 'isPaused'> {
  state: LibraryEmbeddingState
}

/** A stretch of the library, in the order of ids. */
export interface EmbeddingSliceInput {
  /** Photos of another one are embedded anew. */
  model: string
  after?: PhotoId | undefined
  /** Of those that are to be embedded. */
  maxPhotos: number
}

export interface EmbeddingSliceResult {
  after?: PhotoId | undefined
  tally: EmbeddingTally
  /** Whether the slice came to the end of the library. */
  isAtEnd: boolean
}

/** What two tallies come to. */
export function addEmbeddings(first: EmbeddingTally, second: EmbeddingTally): EmbeddingTally {
  return {
    seen: first.seen + second.seen,
    embedded: first.embedded + second.embedded,
    strayed: strayedIn(first) + strayedIn(second),
    failed: first.failed + second.failed,
    failures: [...first.failures, ...second.failures].slice(0, NAMED_FAILURES),
  }
}

/** A run that began before strays were counted has none. */
const strayedIn = ({ strayed = 0 }: Partial<EmbeddingTally>): number => strayed
