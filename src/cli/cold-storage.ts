import {
  COLD_STORAGE_ID,
  COLD_STORAGE_PROGRESS,
  COLD_STORAGE_SCHEDULE_ID,
  PAUSE_COLD_STORAGE,
  RESUME_COLD_STORAGE,
  type ColdStorageProgress,
} from '../contracts/cold-storage.ts'
import { onlyOneOf } from './exit.ts'
import { operateRun, type WatchedRun } from './watched-run.ts'

export interface ColdStorageOptions {
  status?: boolean
  pause?: boolean
  resume?: boolean
}

const coldStorage: WatchedRun<ColdStorageProgress> = {
  workflowId: COLD_STORAGE_ID,
  name: 'the moving of originals',
  absent: 'no originals are being moved',
  underWay: 'originals are being moved: see --status',
  progress: COLD_STORAGE_PROGRESS,
  pause: PAUSE_COLD_STORAGE,
  resume: RESUME_COLD_STORAGE,
  lineOf,
  summaryOf: ({ tally }) => tally.failures.map(({ blobId, reason }) => `  failed: ${blobId}: ${reason}`),
}

/**
 * Moves old originals now, or operates the run that is under way, and watches it.
 * @throws UsageError for conflicting options
 * @throws Error for an operator: no Temporal, worker, set-up or run
 */
export async function controlColdStorage(options: ColdStorageOptions): Promise<void> {
  const wish = onlyOneOf(['status', 'pause', 'resume'], options) ?? 'start'
  await operateRun(coldStorage, wish, { start: (run) => run.trigger(COLD_STORAGE_SCHEDULE_ID) })
}

function lineOf({ state, tally }: ColdStorageProgress): string {
  const { seen, moved, movedBytes, joined, held, failed, ended, savedPerMonth } = tally
  return [
    `${state}: ${seen} old originals seen, ${moved} moved (${movedBytes} bytes)`,
    joined > 0 && `${joined} were cold already`,
    held > 0 && `${held} kept for younger photos`,
    failed > 0 && `${failed} failed`,
    ended > 0 && `${ended} restored ones ended`,
    `saves ${savedPerMonth.toFixed(2)} a month`,
  ]
    .filter(Boolean)
    .join(', ')
}
