import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow'
import { stageAttribute } from '../contracts/search-attributes.ts'

/** Where a long run stands, which its operators steer. */
export interface RunTracker<Checkpoint, Progress extends { state: string }, End extends Progress['state']> {
  get: () => Progress
  checkpoint: () => Checkpoint
  change: (changes: Partial<Checkpoint>) => void
  finish: (how: End) => Progress
}

/** Tracks where a run stands and shows it in the query, the search attribute and the details in the Web UI. */
export function trackRun<Checkpoint, Progress extends { state: string }, End extends Progress['state']>(
  begin: Checkpoint,
  progressOf: (checkpoint: Checkpoint, end: End | undefined) => Progress,
  describe: (progress: Progress) => string,
): RunTracker<Checkpoint, Progress, End> {
  let checkpoint = begin
  let end: End | undefined
  let told: string | undefined

  const get = () => progressOf(checkpoint, end)

  function show(): void {
    const progress = get()
    if (told !== progress.state) {
      told = progress.state
      upsertSearchAttributes([{ key: stageAttribute, value: told }])
    }
    setCurrentDetails(describe(progress))
  }

  show()
  return {
    get,
    checkpoint: () => checkpoint,
    change(changes) {
      checkpoint = { ...checkpoint, ...changes }
      show()
    },
    finish(how) {
      end = how
      show()
      return get()
    },
  }
}
