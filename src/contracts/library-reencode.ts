import type { PhotoId } from '../domain/ids.ts'
import type { LibraryShare } from '../domain/library-share.ts'

/**
 * Makes variants of the whole library anew: those that are missing and those of former settings (docs/media.md, Variants).
 * There is one at a time.
 */
export const LIBRARY_REENCODE = 'libraryReencode'
export const LIBRARY_REENCODE_ID = 'library-reencode'

/** Signals: hold after the slice under way; go on. */
export const PAUSE_REENCODE = 'pauseReencode'
export const RESUME_REENCODE = 'resumeReencode'
/** Signal: the canary was looked at and is good; go on with the rest of the library. */
export const APPROVE_REENCODE = 'approveReencode'
/** Signal: photos a minute from now on; below 1, one photo in several minutes. */
export const SET_REENCODE_RATE = 'setReencodeRate'
/** Query: how far it has come. */
export const REENCODE_PROGRESS = 'reencodeProgress'

/** Which variants to make. Those that are stored and were made with the present settings only if forced. */
export interface ReencodeSelection {
  /** Names of sizes; all by default. */
  sizes?: string[] | undefined
  /** Names of formats; all by default. */
  formats?: string[] | undefined
  /** For what the settings do not tell, such as a new version of an encoder. */
  force?: boolean | undefined
  /**
   * Has the edges drop what they hold of a replaced variant, which answers 404 there for a second; without it, they serve the
   * former bytes until those drop out of their caches.
   */
  purge: boolean
}

export interface LibraryReencodeInput {
  selection: ReencodeSelection
  /** How many ten-thousandths of the library come first, and are then to be approved; 0: none. */
  canary: number
  /** Goes on without an approval after this time; never by default. */
  approveAfterMs?: number | undefined
  photosPerMinute: number
  /** Carried over by continue-as-new. */
  resume?: ReencodeCheckpoint | undefined
}

type ReencodePhase = 'canary' | 'approval' | 'library'
type ReencodeState = ReencodePhase | 'paused' | 'done' | 'cancelled'

/** Where a re-encode stands; of bounded size, whatever the library's. */
export interface ReencodeCheckpoint {
  phase: ReencodePhase
  /** The last photo that was looked at in this phase; undefined at its beginning. */
  after?: PhotoId | undefined
  tally: ReencodeTally
  /** What the canary came to, once it is over. */
  canary?: ReencodeTally | undefined
  isPaused: boolean
  isApproved: boolean
  photosPerMinute: number
  /** All photos, counted at the beginning. */
  photos: number
}

/** What was done to one size in one format. */
export interface VariantTally {
  /** Of photos that lacked it. */
  added: number
  addedBytes: number
  replaced: number
  /** Of those that were replaced. */
  bytesBefore: number
  bytesAfter: number
}

export interface ReencodeTally {
  /** Photos looked at, of which `rendered` got variants. */
  seen: number
  rendered: number
  /** Photos that could not be rendered, and why: the first of them by id. */
  failed: number
  failures: { photoId: PhotoId; code: string }[]
  /** Photos that were being narrowed all the time; a later re-encode makes up for them. */
  postponed: number
  /** Photos of before there were perceptual hashes that got theirs, and those without features, which get none. */
  hashed: number
  featureless: number
  /** Paths that an edge was to drop and did not confirm. */
  unpurged: number
  /** By `<size>.<format>`. */
  variants: Record<string, VariantTally>
}

/** Of those that failed, so many are named. */
const NAMED_FAILURES = 20

export const NOTHING_REENCODED: ReencodeTally = {
  seen: 0,
  rendered: 0,
  failed: 0,
  failures: [],
  postponed: 0,
  hashed: 0,
  featureless: 0,
  unpurged: 0,
  variants: {},
}

export interface ReencodeProgress extends Omit<ReencodeCheckpoint, 'after' | 'isPaused' | 'isApproved'> {
  state: ReencodeState
  /** Bytes that the replaced variants take less than before. */
  bytesSaved: number
}

/** A stretch of the library, in the order of ids. */
export interface ReencodeSliceInput {
  selection: ReencodeSelection
  share: LibraryShare
  after?: PhotoId | undefined
  /** Of those that have something to be made. */
  maxPhotos: number
}

export interface ReencodeSliceResult {
  after?: PhotoId | undefined
  tally: ReencodeTally
  /** Whether the slice came to the end of the library. */
  isAtEnd: boolean
}

/** What two tallies come to. */
export function addTallies(first: ReencodeTally, second: ReencodeTally): ReencodeTally {
  const variants = { ...first.variants }
  for (const [name, more] of Object.entries(second.variants))
    variants[name] = addVariants(variants[name], more)
  return {
    seen: first.seen + second.seen,
    rendered: first.rendered + second.rendered,
    failed: first.failed + second.failed,
    failures: [...first.failures, ...second.failures].slice(0, NAMED_FAILURES),
    postponed: first.postponed + second.postponed,
    ...addHashes(first, second),
    unpurged: first.unpurged + second.unpurged,
    variants,
  }
}

/** Tallies of a release before v0.4 have none. */
function addHashes(first: Partial<ReencodeTally>, second: Partial<ReencodeTally>) {
  return {
    hashed: (first.hashed ?? 0) + (second.hashed ?? 0),
    featureless: (first.featureless ?? 0) + (second.featureless ?? 0),
  }
}

/** What the rate limits: photos that were decoded, for variants or a hash. */
export function decodedIn(tally: ReencodeTally): number {
  const { hashed, featureless } = addHashes(NOTHING_REENCODED, tally)
  return tally.rendered + tally.failed + hashed + featureless
}

function addVariants(sum: VariantTally | undefined, more: VariantTally): VariantTally {
  if (!sum) return more
  return {
    added: sum.added + more.added,
    addedBytes: sum.addedBytes + more.addedBytes,
    replaced: sum.replaced + more.replaced,
    bytesBefore: sum.bytesBefore + more.bytesBefore,
    bytesAfter: sum.bytesAfter + more.bytesAfter,
  }
}

/** Bytes that the replaced variants take less than before; negative if they take more. */
export function bytesSaved({ variants }: ReencodeTally): number {
  return Object.values(variants).reduce(
    (saved, { bytesBefore, bytesAfter }) => saved + bytesBefore - bytesAfter,
    0,
  )
}
