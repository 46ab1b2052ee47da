import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow'
import { stageAttribute } from '../../contracts/search-attributes.ts'
import {
  foundIn,
  NOTHING_COPIED,
  NOTHING_FOUND,
  type ReindexCheckpoint,
  type ReindexProgress,
  type ReindexState,
  type SearchReindexInput,
} from '../../contracts/search-reindex.ts'

/** Tracks where a reindex stands and shows it in the query, the search attribute and the details in the Web UI. */
export function trackReindex({ reason, documentsPerSecond, resume }: SearchReindexInput) {
  let checkpoint: ReindexCheckpoint = resume ?? {
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
  let end: 'done' | 'abandoned' | 'failed' | undefined
  let told: ReindexState | undefined

  function get(): ReindexProgress {
    const { phase, index, photos, copied, verified, rounds, documentsPerSecond: rate, isPaused } = checkpoint
    return {
      state: end ?? (isPaused ? 'paused' : phase),
      phase,
      index,
      photos,
      copied,
      verified,
      rounds,
      documentsPerSecond: rate,
    }
  }
  function show(): void {
    const progress = get()
    if (told !== progress.state) {
      told = progress.state
      upsertSearchAttributes([{ key: stageAttribute, value: told }])
    }
    setCurrentDetails(describe(progress, reason))
  }
  show()

  return {
    get,
    checkpoint: (): ReindexCheckpoint => checkpoint,
    change(changes: Partial<ReindexCheckpoint>): void {
      checkpoint = { ...checkpoint, ...changes }
      show()
    },
    finish(how: 'done' | 'abandoned' | 'failed'): ReindexProgress {
      end = how
      show()
      return get()
    },
  }
}
export type ReindexTracker = ReturnType<typeof trackReindex>

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
