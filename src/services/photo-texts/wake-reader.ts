import type { Client } from '@temporalio/client'
import type { Database } from '../../infra/db/database.ts'
import type { Logger } from '../../observability/logger.ts'
import { poll } from '../delivery/poll.ts'
import type { WorkflowStarts } from '../delivery/workflow-starts.ts'

export interface WakeReaderDeps {
  db: Pick<Database, 'primary'>
  temporal: Pick<Client, 'withDeadline'>
  starts: Pick<WorkflowStarts, 'startTextReader'>
  logger: Logger
}

/** Nobody waits for a text. */
const POLL_INTERVAL_MS = 5_000
const CALL_DEADLINE_MS = 5_000

// Plan: whether photo_texts_owed_idx has an entry.
const OWED = `SELECT EXISTS (SELECT FROM photo_texts WHERE state = 'owed') AS is_owed`

/** Starts the reader of texts, if it does not run, while photos are owed; until the signal aborts. Any number of processes may do it. */
export async function wakeReader(deps: WakeReaderDeps, signal: AbortSignal): Promise<void> {
  const options = {
    everyMs: POLL_INTERVAL_MS,
    logger: deps.logger,
    failing: 'the reader of texts is not started',
  }
  await poll(options, () => wakeOnce(deps), signal)
}

async function wakeOnce({ db, temporal, starts }: WakeReaderDeps): Promise<void> {
  const [row] = await db.primary<{ is_owed: boolean }>({ name: 'texts-owed', text: OWED })
  if (!row!.is_owed) return
  await temporal.withDeadline(Date.now() + CALL_DEADLINE_MS, () => starts.startTextReader())
}
