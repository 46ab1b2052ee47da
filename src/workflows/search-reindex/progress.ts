import {
  foundIn,
  NOTHING_COPIED,
  NOTHING_FOUND,
  type ReindexCheckpoint,
  type ReindexProgress,
  type ReindexState,
  type SearchReindexInput,
} from '../../contracts/search-reindex.ts'
import { trackRun, type RunTracker } from '../run-tracker.ts'

type End = Extract<ReindexState, 'done' | 'abandoned' | 'failed'>
export type ReindexTracker = RunTracker<ReindexCheckpoint, ReindexProgress, End>

/** Tracks where a reindex stands. */
export function trackReindex({ reason, documentsPerSecond, resume }: SearchReindexInput): ReindexTracker {
  const begin: ReindexCheckpoint = resume ?? {
    phase: 'create',
    index: null,
    after: null,
    photos: 0,
    copied: NOTHING_COPIED,
    verified: NOTHING_FOUND,
    rounds: 0,
    isPaused: false,
    isAbandoned: false,
    documentsPerSecond: documentsPerSecond ?? null,
  }
  return trackRun(begin, progressOf, (progress) => describe(progress, reason))
}

function progressOf(checkpoint: ReindexCheckpoint, end: End | undefined): ReindexProgress {
  const { phase, index, photos, copied, verified, rounds, documentsPerSecond, isPaused } = checkpoint
  return {
    state: end ?? (isPaused ? 'paused' : phase),
    phase,
    index,
    photos,
    copied,
    verified,
    rounds,
    documentsPerSecond,
  }
}

function describe(
  { state, index, photos, copied, verified, rounds }: ReindexProgress,
  reason: string,
): string {
  return [
    `**${state}** (${reason}): ${index ?? 'no index yet'}`,
    '',
    `- ${copied.documents} of ${photos} documents copied, ${copied.rejected} rejected`,
    `- ${verified.compared} compared, ${foundIn(verified)} of them out of line; comparison ${rounds + 1}`,
    ...copied.rejections.map(({ photoId, reason: why }) => `- rejected: ${photoId} ${why}`),
    ...verified.examples.map((photoId) => `- out of line: ${photoId}`),
  ].join('\n')
}
