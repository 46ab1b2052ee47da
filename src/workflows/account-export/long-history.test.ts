import { randomUUID } from 'node:crypto'
import { Context } from '@temporalio/activity'
import type { WorkflowHandle } from '@temporalio/client'
import type { TestWorkflowEnvironment } from '@temporalio/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  ACCOUNT_EXPORT,
  accountExportWorkflowId,
  EXPORT_CHANGED,
  EXPORT_PROGRESS,
  type AccountExportInput,
  type ExportProgress,
} from '../../contracts/account-export.ts'
import { stageAttribute } from '../../contracts/search-attributes.ts'
import { TASK_QUEUES } from '../../contracts/task-queues.ts'
import { openDevServer } from '../../../test/support/servers/dev-server.ts'
import { startWorkers, until, type Workers } from '../../../test/support/servers/time-skipping.ts'

/** A part takes some twelve. */
const LONG_HISTORY_EVENTS = 40
const PARTS = 12
const DAY_MS = 86_400_000

let env: TestWorkflowEnvironment
let workers: Workers
beforeAll(async () => {
  env = await openDevServer(LONG_HISTORY_EVENTS)
})
afterAll(() => env?.teardown())

type Run = WorkflowHandle<(input: AccountExportInput) => Promise<ExportProgress>>

let row: { status: 'preparing' | 'ready' | 'deleted'; parts: number }
/** The runs that planned, in order. */
let runs: Set<string>
let calls: string[]
/** What happens while a part is written, before the workflow hears that it is. */
let meanwhile: (part: number) => Promise<unknown>
let ask: () => Promise<{ waiting: number; expectedAt: string | null }>

beforeEach(async () => {
  row = { status: 'preparing', parts: 0 }
  runs = new Set()
  calls = []
  meanwhile = async () => undefined
  ask = async () => ({ waiting: 0, expectedAt: null })
  workers = await startWorkers(env, {
    planExport: async () => {
      runs.add(Context.current().info.workflowExecution!.runId)
      if (row.status === 'preparing') return { state: 'preparing', isWritten: row.parts === PARTS }
      return row.status === 'ready' ? { state: 'ready', msLeft: DAY_MS } : { state: 'gone' }
    },
    askForOriginals: async () => ({ after: null, ...(await ask()) }),
    writeExport: async () => {
      calls.push(`part ${++row.parts}`)
      await meanwhile(row.parts)
      return { outcome: row.parts === PARTS ? 'written' : 'more', parts: row.parts, photos: row.parts }
    },
    finishExport: async () => void (row.status = 'ready'),
    emptyExport: async () => void calls.push('empty'),
  })
})
afterEach(() => workers.stop())

async function start(): Promise<Run> {
  const exportId = randomUUID()
  await env.client.workflow.signalWithStart(ACCOUNT_EXPORT, {
    workflowId: accountExportWorkflowId(exportId),
    taskQueue: TASK_QUEUES.orchestration,
    args: [{ exportId, ownerId: '7' }],
    signal: EXPORT_CHANGED,
    signalArgs: [],
  })
  // Of whichever run is the latest.
  return env.client.workflow.getHandle(accountExportWorkflowId(exportId))
}

const progressOf = (run: Run) => run.query<ExportProgress>(EXPORT_PROGRESS)
async function remove(run: Run): Promise<void> {
  row.status = 'deleted'
  await run.signal(EXPORT_CHANGED)
}
const parts = (count: number) => Array.from({ length: count }, (_, number) => `part ${number + 1}`)

describe('an export whose history grows long', () => {
  it('goes on in its next run, which knows how far it has come', async () => {
    const run = await start()
    await until(async () => (await progressOf(run)).state === 'ready')
    expect(runs.size).toBeGreaterThan(1)
    expect(await progressOf(run)).toEqual({ state: 'ready', parts: PARTS, photos: PARTS })
    expect((await run.describe()).typedSearchAttributes.get(stageAttribute)).toBe('ready')
    await remove(run)
    expect(await run.result()).toEqual({ state: 'gone', parts: PARTS, photos: PARTS })
    expect(calls).toEqual([...parts(PARTS), 'empty'])
  })

  it('hears of its deletion, whichever part is under way', { timeout: 120_000 }, async () => {
    let continued = 0
    for (let last = 1; last < PARTS; last++) {
      row = { status: 'preparing', parts: 0 }
      runs.clear()
      calls = []
      const started = Promise.withResolvers<Run>()
      meanwhile = async (part) => part === last && remove(await started.promise)
      started.resolve(await start())
      expect(await (await started.promise).result()).toEqual({ state: 'gone', parts: last, photos: last })
      expect(calls).toEqual([...parts(last), 'empty'])
      if (runs.size > 1) continued++
    }
    expect(continued).toBeGreaterThan(3)
  })

  it('loses nothing to signals that arrive while it continues', async () => {
    const started = Promise.withResolvers<Run>()
    const signals: Promise<void>[] = []
    // Not awaited, so that they meet the workflow task that follows.
    meanwhile = async () => {
      const run = await started.promise
      for (let number = 0; number < 5; number++) signals.push(run.signal(EXPORT_CHANGED))
    }
    const run = await start()
    started.resolve(run)
    await until(async () => row.status === 'ready')
    await Promise.all(signals)
    await remove(run)
    expect(await run.result()).toEqual({ state: 'gone', parts: PARTS, photos: PARTS })
    expect(runs.size).toBeGreaterThan(1)
    expect(calls).toEqual([...parts(PARTS), 'empty'])
  })

  it('waits for a late cold storage in its next runs too', async () => {
    const started = Promise.withResolvers<Run>()
    ask = async () => {
      if (runs.size > 2) return { waiting: 0, expectedAt: null }
      // Woken at once, as its timer would.
      await (await started.promise).signal(EXPORT_CHANGED)
      return { waiting: 1, expectedAt: new Date(Date.now() + DAY_MS).toISOString() }
    }
    const run = await start()
    started.resolve(run)
    await until(async () => row.status === 'ready')
    expect(runs.size).toBeGreaterThan(2)
    await remove(run)
    expect(await run.result()).toMatchObject({ state: 'gone', parts: PARTS })
  })
})
