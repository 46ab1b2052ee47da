import {
  NOTHING_EMBEDDED,
  type EmbeddingCheckpoint,
  type LibraryEmbeddingInput,
  type LibraryEmbeddingProgress,
  type LibraryEmbeddingState,
} from '../../contracts/library-embedding.ts'
import { trackRun, type RunTracker } from '../run-tracker.ts'

type End = Extract<LibraryEmbeddingState, 'done' | 'failed' | 'cancelled'>
export type EmbeddingTracker = RunTracker<EmbeddingCheckpoint, LibraryEmbeddingProgress, End>

/** Tracks where the run stands. */
export function trackEmbedding({ photosPerMinute, resume }: LibraryEmbeddingInput): EmbeddingTracker {
  const begin: EmbeddingCheckpoint = resume ?? {
    tally: NOTHING_EMBEDDED,
    isPaused: false,
    photosPerMinute,
    photos: 0,
  }
  return trackRun(begin, progressOf, describe)
}

function progressOf(checkpoint: EmbeddingCheckpoint, end: End | undefined): LibraryEmbeddingProgress {
  const { after: _after, isPaused, ...shown } = checkpoint
  return { ...shown, state: end ?? (isPaused ? 'paused' : 'library') }
}

function describe({ state, model, tally, photos, photosPerMinute }: LibraryEmbeddingProgress): string {
  return (
    `**${state}**: ${tally.seen} of ${photos} photos seen, ${tally.embedded} embedded by ${model ?? '(asking)'} ` +
    `(at most ${photosPerMinute} a minute), ${tally.strayed} by another model, ${tally.failed} failed`
  )
}
