import { randomUUID } from 'node:crypto'
import { Context } from '@temporalio/activity'
import type { WorkflowHandle } from '@temporalio/client'
import type { TestWorkflowEnvironment } from '@temporalio/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  CASE_CHANGED,
  CASE_PROGRESS,
  MODERATION_CASE,
  moderationCaseWorkflowId,
  type CaseProgress,
  type ModerationCaseInput,
} from '../../contracts/moderation-case.ts'
import { TASK_QUEUES } from '../../contracts/task-queues.ts'
import { APPEAL_SLA_MS, APPEAL_WINDOW_MS, CLAIM_MS, SLA_MS } from '../../domain/moderation.ts'
import { openDevServer } from '../../../test/support/servers/dev-server.ts'
import { gate, startWorkers, until, type Workers } from '../../../test/support/servers/time-skipping.ts'

/** A review takes some seven. */
const LONG_HISTORY_EVENTS = 30
/** Between the clocks of server and workflow. */
const CLOCKS_APART_MS = 10_000

let env: TestWorkflowEnvironment
let workers: Workers
beforeAll(async () => {
  env = await openDevServer(LONG_HISTORY_EVENTS)
})
afterAll(() => env?.teardown())

type Case = WorkflowHandle<(input: ModerationCaseInput) => Promise<CaseProgress>>

/** What the reviews say. */
let row: CaseProgress
let proven: ReturnType<typeof gate>
/** The runs that had the case reviewed, in order. */
let runs: Set<string>

beforeEach(async () => {
  runs = new Set()
  proven = gate()
  workers = await startWorkers(env, {
    reviewCase: async () => {
      runs.add(Context.current().info.workflowExecution!.runId)
      return row
    },
    proveWithdrawals: async () => {
      await proven.opened
      row = { ...row, unproven: 0 }
    },
  })
})
afterEach(async () => {
  proven.open()
  await workers.stop()
})

async function start(input: Partial<ModerationCaseInput> = {}): Promise<Case> {
  const caseId = randomUUID()
  await env.client.workflow.signalWithStart(MODERATION_CASE, {
    workflowId: moderationCaseWorkflowId(caseId),
    taskQueue: TASK_QUEUES.orchestration,
    args: [{ caseId, ownerId: '7', ...input }],
    signal: CASE_CHANGED,
    signalArgs: [],
  })
  // Of whichever run is the latest.
  return env.client.workflow.getHandle(moderationCaseWorkflowId(caseId))
}

const changed = (handle: Case) => handle.signal(CASE_CHANGED)
const eventsOf = async (handle: Case) => (await handle.fetchHistory()).events!
const progressOf = (handle: Case) => handle.query<CaseProgress>(CASE_PROGRESS)

async function continued(handle: Case): Promise<void> {
  while (runs.size < 2) await changed(handle)
}

async function close(handle: Case): Promise<void> {
  row = { state: 'closed', unproven: 0 }
  await changed(handle)
  expect(await handle.result()).toEqual(row)
}

/** When the timers of the latest run fire. */
async function timersOf(handle: Case): Promise<number[]> {
  const ms = (time: { seconds?: unknown; nanos?: unknown } | null | undefined) =>
    Number(time?.seconds ?? 0) * 1_000 + Number(time?.nanos ?? 0) / 1_000_000
  return (await eventsOf(handle)).flatMap(({ eventTime, timerStartedEventAttributes: timer }) =>
    timer ? [ms(eventTime) + ms(timer.startToFireTimeout)] : [],
  )
}

describe('a case whose history grows long', () => {
  it.each([
    ['the end of a claim', 'open', CLAIM_MS],
    ['the due date', 'open', SLA_MS[3]],
    ['the due date of an appeal', 'appealed', APPEAL_SLA_MS],
    ['the end of the time to appeal', 'decided', APPEAL_WINDOW_MS],
  ] as const)('waits for %s in its next run', async (_, state, waitMs) => {
    const nextAt = Date.now() + waitMs
    row = { state, nextAt: new Date(nextAt).toISOString(), unproven: 0 }
    const handle = await start()
    await continued(handle)
    await until(async () => (await timersOf(handle)).length > 0)
    const [firesAt] = await timersOf(handle)
    expect(Math.abs(firesAt! - nextAt)).toBeLessThan(CLOCKS_APART_MS)
    expect(await progressOf(handle)).toEqual(row)
    await close(handle)
  })

  it('still knows the photo whose verdict waits for it', async () => {
    const photoId = randomUUID()
    row = { state: 'open', unproven: 0 }
    const handle = await start({ photoId })
    await continued(handle)
    row = { state: 'decided', unproven: 0, verdict: 'limit' }
    await changed(handle)
    const told = async () =>
      (await eventsOf(handle)).map(
        (event) =>
          event.signalExternalWorkflowExecutionInitiatedEventAttributes?.workflowExecution?.workflowId,
      )
    await until(async () => (await told()).includes(`moderation/${photoId}`))
    await close(handle)
  })

  it('leaves no proof behind that it waits for', async () => {
    row = { state: 'decided', unproven: 1 }
    const handle = await start()
    while ((await handle.describe()).historyLength < LONG_HISTORY_EVENTS * 2) await changed(handle)
    expect(runs.size).toBe(1)
    proven.open()
    await continued(handle)
    expect((await progressOf(handle)).unproven).toBe(0)
    await close(handle)
  })
})
