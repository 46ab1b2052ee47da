import {
  APPROVE_SCREENING,
  LIBRARY_SCREENING,
  LIBRARY_SCREENING_ID,
  PAUSE_SCREENING,
  RESUME_SCREENING,
  SCREENING_PROGRESS,
  SET_SCREENING_RATE,
  type LibraryScreeningInput,
  type LibraryScreeningProgress,
  type ScreeningTally,
} from '../../contracts/library-screening.ts'
import { WHOLE_LIBRARY } from '../../domain/library-share.ts'
import { stageAttribute } from '../../contracts/search-attributes.ts'
import { TASK_QUEUES } from '../../contracts/task-queues.ts'
import { onlyOneOf } from '../exit.ts'
import { operateRun, type WatchedRun } from '../watched-run.ts'

export interface RescreenOptions {
  all?: boolean
  /** In percent. */
  canary: number
  rate?: number
  status?: boolean
  approve?: boolean
  pause?: boolean
  resume?: boolean
  cancel?: boolean
}

/** A fifth of what a core classifies. */
const DEFAULT_RATE = 300

const screening: WatchedRun<LibraryScreeningProgress> = {
  workflowId: LIBRARY_SCREENING_ID,
  name: 'the screening',
  absent: 'the library is not being screened',
  underWay: 'the library is being screened: see --status',
  progress: SCREENING_PROGRESS,
  pause: PAUSE_SCREENING,
  resume: RESUME_SCREENING,
  lineOf: ({ state, tally, photos }) => `${state}: ${countsOf(tally)} of ${photos}`,
  shareOf: ({ photos, tally }) => ({ done: tally.seen, total: photos }),
  summaryOf: reportOf,
  awaitsOperator: ({ state }) => state === 'approval',
}

/**
 * Starts a screening of the library and watches it, or operates the one that runs.
 * @throws UsageError for conflicting options
 * @throws Error for an operator: no Temporal, worker or run, or one that runs already
 */
export async function controlScreening(options: RescreenOptions): Promise<void> {
  const wish = onlyOneOf(['status', 'approve', 'pause', 'resume', 'cancel'], options) ?? 'start'
  await operateRun(screening, wish, {
    start: async (run) => {
      if (options.rate !== undefined && (await run.isRunning()))
        return run.signal(SET_SCREENING_RATE, options.rate)
      const input = inputOf(options)
      await run.call((temporal) =>
        temporal.workflow.start(LIBRARY_SCREENING, {
          workflowId: LIBRARY_SCREENING_ID,
          taskQueue: TASK_QUEUES.orchestration,
          args: [input],
          staticSummary: 'Screen the library anew',
          typedSearchAttributes: [{ key: stageAttribute, value: input.canary > 0 ? 'canary' : 'library' }],
        }),
      )
    },
    approve: (run) => run.signal(APPROVE_SCREENING),
  })
}

const inputOf = ({ all = false, canary, rate }: RescreenOptions): LibraryScreeningInput => ({
  all,
  canary: Math.round((canary / 100) * WHOLE_LIBRARY),
  photosPerMinute: rate ?? DEFAULT_RATE,
})

const countsOf = ({ seen, screened, failed }: ScreeningTally): string =>
  `${screened} screened, ${failed} failed, ${seen} seen`

function reportOf({ state, canary, tally }: LibraryScreeningProgress): string[] {
  const isTrial = state === 'approval'
  const told = isTrial ? canary! : tally
  return [
    ...(isTrial ? [`the trial: ${countsOf(told)}`] : []),
    ...Object.entries(told.changes)
      .sort()
      .map(([change, count]) => `  ${change.padEnd(24)} ${count}`),
    ...told.failures.map(({ photoId, code }) => `  failed: ${photoId} ${code}`),
    ...(isTrial ? ['no measure was taken: look at it, then --approve or --cancel'] : []),
  ]
}
