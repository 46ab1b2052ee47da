import {
  APPROVE_REENCODE,
  LIBRARY_REENCODE,
  LIBRARY_REENCODE_ID,
  PAUSE_REENCODE,
  REENCODE_PROGRESS,
  RESUME_REENCODE,
  SET_REENCODE_RATE,
  type LibraryReencodeInput,
  type ReencodeProgress,
} from '../contracts/library-reencode.ts'
import { stageAttribute } from '../contracts/search-attributes.ts'
import { TASK_QUEUES } from '../contracts/task-queues.ts'
import { WHOLE_LIBRARY } from '../domain/library-share.ts'
import { ANIMATION, DOWNLOAD, VARIANT_FORMATS, VARIANT_NAMES } from '../domain/variants.ts'
import { onlyOneOf, UsageError } from './exit.ts'
import { operateRun, type WatchedRun } from './watched-run.ts'

export interface ReencodeOptions {
  size?: string[]
  format?: string[]
  force?: boolean
  /** In percent. */
  canary: number
  /** In hours. */
  approveAfter?: number
  rate?: number
  purge: boolean
  status?: boolean
  approve?: boolean
  pause?: boolean
  resume?: boolean
  cancel?: boolean
}

/** Leaves a core of two for uploads: a photo takes a third of a second of one. */
const DEFAULT_RATE = 120
const HOUR_MS = 60 * 60 * 1000

const reencode: WatchedRun<ReencodeProgress> = {
  workflowId: LIBRARY_REENCODE_ID,
  name: 'the re-encode',
  absent: 'no re-encode is running',
  underWay: 'a re-encode is under way: see --status',
  progress: REENCODE_PROGRESS,
  pause: PAUSE_REENCODE,
  resume: RESUME_REENCODE,
  lineOf,
  shareOf: ({ photos, tally }) => ({ done: tally.seen, total: photos }),
  summaryOf: tableOf,
  awaitsOperator: ({ state }) => state === 'approval',
}

/**
 * Starts a re-encode of the library and watches it, or operates the one that runs.
 * @throws UsageError for unknown names and conflicting options
 * @throws Error for an operator: no Temporal, worker or run, or one that runs already
 */
export async function controlReencode(options: ReencodeOptions): Promise<void> {
  const wish = onlyOneOf(['status', 'approve', 'pause', 'resume', 'cancel'], options) ?? 'start'
  checkNames('size', options.size, [...VARIANT_NAMES, ANIMATION, DOWNLOAD])
  checkNames('format', options.format, Object.keys(VARIANT_FORMATS))
  await operateRun(reencode, wish, {
    start: async (run) => {
      if (options.rate !== undefined && (await run.isRunning()))
        return run.signal(SET_REENCODE_RATE, options.rate)
      const input = inputOf(options)
      await run.call((temporal) =>
        temporal.workflow.start(LIBRARY_REENCODE, {
          workflowId: LIBRARY_REENCODE_ID,
          taskQueue: TASK_QUEUES.orchestration,
          args: [input],
          staticSummary: 'Make variants of the library anew',
          typedSearchAttributes: [{ key: stageAttribute, value: input.canary > 0 ? 'canary' : 'library' }],
        }),
      )
    },
    approve: (run) => run.signal(APPROVE_REENCODE),
  })
}

function checkNames(option: string, given: readonly string[] = [], known: readonly string[]): void {
  const unknown = given.find((name) => !known.includes(name))
  if (unknown !== undefined) throw new UsageError(`there is no ${option} ${unknown}: use ${known.join(', ')}`)
}

function inputOf({
  size,
  format,
  force,
  purge,
  canary,
  approveAfter,
  rate,
}: ReencodeOptions): LibraryReencodeInput {
  return {
    selection: { sizes: size, formats: format, force, purge },
    canary: Math.round((canary / 100) * WHOLE_LIBRARY),
    approveAfterMs: approveAfter === undefined ? undefined : approveAfter * HOUR_MS,
    photosPerMinute: rate ?? DEFAULT_RATE,
  }
}

function lineOf({ state, tally, photos, bytesSaved }: ReencodeProgress): string {
  const { seen, rendered, hashed, failed, postponed } = tally
  const more = [
    hashed > 0 && `${hashed} got a hash`,
    failed > 0 && `${failed} failed`,
    postponed > 0 && `${postponed} postponed`,
  ].filter(Boolean)
  return [
    `${state}: ${seen} of ${photos} photos seen, ${rendered} rendered`,
    ...more,
    `${bytesSaved} bytes saved`,
  ].join(', ')
}

function tableOf({ state, tally }: ReencodeProgress): string[] {
  const lines = Object.entries(tally.variants).map(
    ([name, { added, addedBytes, replaced, bytesBefore, bytesAfter }]) =>
      `  ${name.padEnd(16)} ${added} added (${addedBytes} bytes), ${replaced} replaced (${bytesBefore} → ${bytesAfter} bytes)`,
  )
  lines.push(...tally.failures.map(({ photoId, code }) => `  failed: ${photoId} ${code}`))
  if (tally.unpurged > 0) lines.push(`  ${tally.unpurged} paths were not purged: an edge was away`)
  if (state === 'approval') lines.push('the canary is done: look at it, then --approve or --cancel')
  return lines
}
