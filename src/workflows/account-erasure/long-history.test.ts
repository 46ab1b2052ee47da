import { randomUUID } from 'node:crypto'
import { Context } from '@temporalio/activity'
import type { TestWorkflowEnvironment } from '@temporalio/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  ACCOUNT_ERASURE,
  accountErasureWorkflowId,
  ERASURE_CHANGED,
  type AccountErasureProgress,
} from '../../contracts/account-erasure.ts'
import { TASK_QUEUES } from '../../contracts/task-queues.ts'
import { openDevServer } from '../../../test/support/servers/dev-server.ts'
import { startWorkers, until, type Workers } from '../../../test/support/servers/time-skipping.ts'

const LONG_HISTORY_EVENTS = 40
const STEPS = ['photos', 'likes', 'rows']

let env: TestWorkflowEnvironment
let workers: Workers
beforeAll(async () => {
  env = await openDevServer(LONG_HISTORY_EVENTS)
})
afterAll(() => env?.teardown())

/** Pieces that are left, by step. */
let stored: Record<string, number>
let isBegun: boolean
/** How often the last look still finds something. */
let leftovers: number
let runs: Set<string>
let calls: string[]
let meanwhile: () => Promise<unknown>

beforeEach(async () => {
  stored = { photos: 8, likes: 8, rows: 8 }
  isBegun = true
  leftovers = 0
  runs = new Set()
  calls = []
  meanwhile = async () => undefined
  const seen = () => runs.add(Context.current().info.workflowExecution!.runId)
  workers = await startWorkers(env, {
    beginErasure: async () => {
      seen()
      return isBegun
        ? { state: 'begun', erasureId: 'e', steps: STEPS }
        : { state: 'waiting', msLeft: 86_400_000 }
    },
    eraseStep: async ({ step }: { step: string }) => {
      if (stored[step]! > 0) {
        stored[step]!--
        calls.push(step)
      }
      await meanwhile()
      return { state: stored[step]! > 0 ? 'more' : 'done' }
    },
    verifyErasure: async () => ({ left: leftovers-- > 0 ? ['likes'] : [] }),
    completeErasure: async () => void calls.push('complete'),
  })
})
afterEach(() => workers.stop())

async function start() {
  const userId = randomUUID()
  await env.client.workflow.signalWithStart(ACCOUNT_ERASURE, {
    workflowId: accountErasureWorkflowId(userId),
    taskQueue: TASK_QUEUES.orchestration,
    args: [{ userId }],
    signal: ERASURE_CHANGED,
    signalArgs: [],
  })
  // Of whichever run is the latest.
  return env.client.workflow.getHandle<() => Promise<AccountErasureProgress>>(
    accountErasureWorkflowId(userId),
  )
}

describe('an erasure whose history grows long', () => {
  it('goes on in its next run, and does each piece once', async () => {
    const erasure = await start()
    expect(await erasure.result()).toEqual({ state: 'done', rounds: 0 })
    expect(runs.size).toBeGreaterThan(1)
    expect(calls).toEqual([...STEPS.flatMap((step) => Array<string>(8).fill(step)), 'complete'])
  })

  it('is not stopped by signals that arrive while it continues', async () => {
    const started = Promise.withResolvers<Awaited<ReturnType<typeof start>>>()
    // Not awaited, so that they meet the workflow task that follows.
    const signals: Promise<void>[] = []
    meanwhile = async () => void signals.push((await started.promise).signal(ERASURE_CHANGED))
    const erasure = await start()
    started.resolve(erasure)
    expect(await erasure.result()).toEqual({ state: 'done', rounds: 0 })
    await Promise.allSettled(signals)
    expect(runs.size).toBeGreaterThan(1)
    expect(calls).toHaveLength(8 * STEPS.length + 1)
  })

  it('counts its rounds on in its next runs while something is left', async () => {
    stored = { photos: 1, likes: 1, rows: 1 }
    leftovers = 3
    const erasure = await start()
    expect(await erasure.result()).toEqual({ state: 'done', rounds: 3 })
    expect(runs.size).toBeGreaterThan(1)
  })

  it('waits for its days of grace in its next run', async () => {
    isBegun = false
    const erasure = await start()
    await until(async () => {
      await erasure.signal(ERASURE_CHANGED)
      return runs.size > 1
    })
    isBegun = true
    await erasure.signal(ERASURE_CHANGED)
    expect(await erasure.result()).toEqual({ state: 'done', rounds: 0 })
  })
})
