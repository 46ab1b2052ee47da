import { setTimeout as sleep } from 'node:timers/promises'
import { WorkflowNotFoundError, type Client } from '@temporalio/client'
import { loadConfig } from '../config/config.ts'
import {
  COLD_STORAGE_ID,
  COLD_STORAGE_PROGRESS,
  COLD_STORAGE_SCHEDULE_ID,
  PAUSE_COLD_STORAGE,
  RESUME_COLD_STORAGE,
  type ColdStorageProgress,
} from '../contracts/cold-storage.ts'
import { openTemporal } from '../infra/temporal/client.ts'
import { messageOf } from '../observability/error-text.ts'

export interface ColdStorageOptions {
  status?: boolean
  pause?: boolean
  resume?: boolean
}

const POLL_MS = 500
/** The deadline of each call to Temporal. */
const CALL_TIMEOUT_MS = 10_000
/** A run that was asked for begins within this time. */
const START_MS = 10_000

/**
 * Moves old originals now, or operates the run that is under way, and watches it.
 * @throws Error for an operator: conflicting options, no Temporal, worker, set-up or run
 */
export async function controlColdStorage({ status, pause, resume }: ColdStorageOptions): Promise<void> {
  if ([status, pause, resume].filter(Boolean).length > 1)
    throw new Error('use only one of --status, --pause and --resume')
  const config = loadConfig(process.env, 'command')
  const temporal = openTemporal({ address: config.TEMPORAL_ADDRESS, namespace: config.TEMPORAL_NAMESPACE })
  try {
    if (pause) await call(temporal, () => run(temporal).signal(PAUSE_COLD_STORAGE))
    else if (resume) await call(temporal, () => run(temporal).signal(RESUME_COLD_STORAGE))
    else if (!status) await trigger(temporal)
    await watch(temporal, Boolean(pause))
  } finally {
    await temporal.connection.close()
  }
}

const run = (temporal: Client) => temporal.workflow.getHandle(COLD_STORAGE_ID)

async function call<T>(temporal: Client, work: () => Promise<T>): Promise<T> {
  try {
    return await temporal.withDeadline(Date.now() + CALL_TIMEOUT_MS, work)
  } catch (error) {
    if (error instanceof WorkflowNotFoundError)
      throw new Error('no originals are being moved', { cause: error })
    throw new Error(`Temporal: ${messageOf(error)}`, { cause: error })
  }
}

async function startedAt(temporal: Client): Promise<number> {
  try {
    return (await run(temporal).describe()).startTime.getTime()
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return 0
    throw error
  }
}

/** Has the schedule start it at once, so that there is one at a time; one that runs is watched. */
async function trigger(temporal: Client): Promise<void> {
  const before = await call(temporal, () => startedAt(temporal))
  const isRunning = () =>
    call(temporal, async () => (await run(temporal).describe()).status.name === 'RUNNING')
  if (before > 0 && (await isRunning())) return
  await call(temporal, () => temporal.schedule.getHandle(COLD_STORAGE_SCHEDULE_ID).trigger())
  const givingUpAt = Date.now() + START_MS
  while ((await call(temporal, () => startedAt(temporal))) === before) {
    if (Date.now() > givingUpAt) throw new Error('the schedule has started nothing within 10 s')
    await sleep(POLL_MS)
  }
}

async function watch(temporal: Client, untilPaused: boolean): Promise<void> {
  let told = ''
  for (;;) {
    const { status } = await call(temporal, () => run(temporal).describe())
    const progress = await call(temporal, () =>
      run(temporal).query<ColdStorageProgress>(COLD_STORAGE_PROGRESS),
    )
    const line = lineOf(progress)
    if (line !== told) print(line)
    told = line
    if (status.name !== 'RUNNING' || (untilPaused && progress.state === 'paused')) {
      for (const { blobId, reason } of progress.tally.failures) print(`  failed: ${blobId}: ${reason}`)
      return
    }
    await sleep(POLL_MS)
  }
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

const print = (line: string): void => {
  process.stdout.write(`${line}\n`)
}
