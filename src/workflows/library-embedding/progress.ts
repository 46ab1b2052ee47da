import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow'
import {
  NOTHING_EMBEDDED,
  type EmbeddingCheckpoint,
  type LibraryEmbeddingInput,
  type LibraryEmbeddingProgress,
  type LibraryEmbeddingState,
} from '../../contracts/library-embedding.ts'
import { stageAttribute } from '../../contracts/search-attributes.ts'

type End = Extract<LibraryEmbeddingState, 'done' | 'failed' | 'cancelled'>

/** Tracks where the run stands and shows it in the query, the search attribute and the details in the Web UI. */
export function trackEmbedding({ photosPerMinute, resume }: LibraryEmbeddingInput) {
  let checkpoint: EmbeddingCheckpoint = resume ?? {
    tally: NOTHING_EMBEDDED,
    isPaused: false,
    photosPerMinute,
    photos: 0,
  }
  let end: End | undefined
  let told: LibraryEmbeddingState | undefined

  function get(): LibraryEmbeddingProgress {
    const { after: _after, isPaused, ...shown } = checkpoint
    return { ...shown, state: end ?? (isPaused ? 'paused' : 'library') }
  }

  function show(): void {
    const { state, model, tally, photos, photosPerMinute: rate } = get()
    if (told !== state) {
      told = state
      upsertSearchAttributes([{ key: stageAttribute, value: state }])
    }
    setCurrentDetails(
      `**${state}**: ${tally.seen} of ${photos} photos seen, ${tally.embedded} embedded by ${model ?? '(asking)'} ` +
        `(at most ${rate} a minute), ${tally.failed} failed`,
    )
  }

  show()
  return {
    get,
    checkpoint: (): EmbeddingCheckpoint => checkpoint,
    change(changes: Partial<EmbeddingCheckpoint>): void {
      checkpoint = { ...checkpoint, ...changes }
      show()
    },
    finish(how: End): LibraryEmbeddingProgress {
      end = how
      show()
      return get()
    },
  }
}
export type EmbeddingTracker = ReturnType<typeof trackEmbedding>
