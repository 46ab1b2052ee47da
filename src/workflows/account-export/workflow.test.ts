import { randomUUID } from 'node:crypto'
import type { WorkflowHandle } from '@temporalio/client'
import { beforeEach, describe, expect, it } from 'vitest'
import {
  ACCOUNT_EXPORT,
  accountExportWorkflowId,
  EXPORT_CHANGED,
  EXPORT_PROGRESS,
  type AccountExportInput,
  type ExportProgress,
} from '../../contracts/account-export.ts'
import type { AskedOriginals, ExportPlan, WrittenParts } from '../../contracts/activities/exports.ts'
import { TASK_QUEUES } from '../../contracts/task-queues.ts'
import { lastedMs, timeSkippingOfFile, until } from '../../../test/support/servers/time-skipping.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

const time = timeSkippingOfFile()
let calls: string[]
/** The row, as the steps leave it. */
let row: { status: 'preparing' | 'ready' | 'deleted'; parts: number; expiresAtMs: number }
/** Parts of the archive. */
let length: number
let fakes: ReturnType<typeof happyPath>
/** Whether the workflow was told that the archive is ready. */
let isReadyTold: boolean

beforeEach(() => {
  calls = []
  row = { status: 'preparing', parts: 0, expiresAtMs: 0 }
  length = 3
  isReadyTold = false
  fakes = happyPath()
})

function happyPath() {
  return {
    planExport: async (): Promise<ExportPlan> => {
      if (row.status === 'preparing') return { state: 'preparing', isWritten: row.parts === length }
      const msLeft = row.expiresAtMs - (await time.env.currentTimeMs())
      isReadyTold = row.status === 'ready' && msLeft > 0
      return isReadyTold ? { state: 'ready', msLeft } : { state: 'gone' }
    },
    askForOriginals: async (_input: { after: string | null }): Promise<AskedOriginals> => {
      calls.push('ask')
      return { after: null, waiting: 0, expectedAt: null }
    },
    writeExport: async (): Promise<WrittenParts> => {
      row.parts++
      calls.push(`part ${row.parts}`)
      return { outcome: row.parts === length ? 'written' : 'more', parts: row.parts, photos: row.parts }
    },
    finishExport: async () => {
      calls.push('finish')
      row = { ...row, status: 'ready', expiresAtMs: (await time.env.currentTimeMs()) + 7 * DAY_MS }
    },
    emptyExport: async () => void calls.push('empty'),
  }
}

type Run = WorkflowHandle<(input: AccountExportInput) => Promise<ExportProgress>>

async function start(): Promise<Run> {
  await time.serve(fakes)
  const exportId = randomUUID()
  return time.env.client.workflow.signalWithStart(ACCOUNT_EXPORT, {
    workflowId: accountExportWorkflowId(exportId),
    taskQueue: TASK_QUEUES.orchestration,
    args: [{ exportId, ownerId: '7' }],
    signal: EXPORT_CHANGED,
    signalArgs: [],
  })
}

const stateOf = async (run: Run) => (await run.query<ExportProgress>(EXPORT_PROGRESS)).state
/** By its step: each question to a workflow that is in no cache replays it, and these would hold its own tasks up. */
const isReady = () => until(async () => isReadyTold)
const remove = async (run: Run) => {
  row.status = 'deleted'
  await run.signal(EXPORT_CHANGED)
}

describe('accountExport', () => {
  it('writes the archive part by part, and deletes it when its time is over', async () => {
    const run = await start()
    await isReady()
    expect(calls).toEqual(['ask', 'part 1', 'part 2', 'part 3', 'finish'])
    await time.env.sleep(6 * DAY_MS)
    expect(calls).not.toContain('empty')
    expect(await stateOf(run)).toBe('ready')
    expect(await run.result()).toEqual({ state: 'gone', parts: 3, photos: 3 })
    expect(calls.at(-1)).toBe('empty')
  })

  it('waits for the cold storage, and asks again when it is late', async () => {
    const beganAt = await time.env.currentTimeMs()
    const expectedAt = new Date(beganAt + 5 * HOUR_MS).toISOString()
    const writtenAt: number[] = []
    fakes.askForOriginals = async () => {
      calls.push('ask')
      const isReadable = (await time.env.currentTimeMs()) >= beganAt + 6 * HOUR_MS
      return { after: null, waiting: isReadable ? 0 : 2, expectedAt: isReadable ? null : expectedAt }
    }
    const { writeExport } = fakes
    fakes.writeExport = async () => {
      writtenAt.push(await time.env.currentTimeMs())
      return writeExport()
    }
    await (await start()).result()
    // Once when it starts, once when they are expected, and then each quarter of an hour.
    expect(calls.filter((call) => call === 'ask')).toHaveLength(6)
    expect(writtenAt[0]! - beganAt).toBeGreaterThanOrEqual(6 * HOUR_MS)
  })

  it('asks for every stretch of the photos, and again if one is cold after all', async () => {
    const asked: (string | null)[] = []
    fakes.askForOriginals = async ({ after }) => {
      asked.push(after)
      return { after: after === null ? 'middle' : null, waiting: 0, expectedAt: null }
    }
    const { writeExport } = fakes
    let isCold = true
    fakes.writeExport = async () => {
      if (!isCold) return writeExport()
      isCold = false
      return { outcome: 'cold', parts: 0, photos: 0 }
    }
    await (await start()).result()
    expect(asked).toEqual([null, 'middle', null, 'middle'])
  })

  it('ends with what was stored when it is deleted midway', async () => {
    const { writeExport } = fakes
    fakes.writeExport = async () => {
      const written = await writeExport()
      if (row.parts === 2) row.status = 'deleted'
      return written
    }
    expect(await (await start()).result()).toMatchObject({ state: 'gone', parts: 2 })
    expect(calls).toEqual(['ask', 'part 1', 'part 2', 'empty'])
  })

  it('deletes the archive at once when its owner does', async () => {
    const run = await start()
    await isReady()
    await remove(run)
    expect(await run.result()).toMatchObject({ state: 'gone' })
    // Not when its time is over, which would delete it too.
    expect(await lastedMs(run)).toBeLessThan(DAY_MS)
  })

  it('writes it again from the beginning if the storage has lost it', async () => {
    const { finishExport } = fakes
    let isLost = true
    fakes.finishExport = async () => {
      if (!isLost) return finishExport()
      isLost = false
      calls.push('lost')
      row.parts = 0
    }
    await (await start()).result()
    const once = ['part 1', 'part 2', 'part 3']
    expect(calls).toEqual(['ask', ...once, 'lost', ...once, 'finish', 'empty'])
  })

  it('goes on after a step that failed after its effect', async () => {
    const { writeExport, finishExport } = fakes
    const failed = new Set<string>()
    const failOnce = (step: string) => {
      if (failed.has(step)) return
      failed.add(step)
      throw new Error(`the worker died after ${step}`)
    }
    fakes.writeExport = async () => {
      // A repeated stretch finds the rows of the one that failed.
      if (row.parts === length) return { outcome: 'written', parts: row.parts, photos: row.parts }
      const written = await writeExport()
      failOnce(`part ${row.parts}`)
      return written
    }
    fakes.finishExport = async () => {
      if (row.status === 'preparing') await finishExport()
      failOnce('finish')
    }
    fakes.emptyExport = async () => {
      calls.push('empty')
      failOnce('empty')
    }
    expect(await (await start()).result()).toMatchObject({ state: 'gone' })
    expect(calls).toEqual(['ask', 'part 1', 'part 2', 'part 3', 'finish', 'empty', 'empty'])
  })
})
