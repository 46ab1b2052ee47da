import { randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import {
  ORIGINAL_RESTORE,
  originalRestoreWorkflowId,
  RESTORE_REQUESTED,
  type OriginalRestoreInput,
  type RestoreProgress,
  type RestoreReadiness,
} from '../../contracts/original-restore.ts'
import { TASK_QUEUES } from '../../contracts/task-queues.ts'
import { gate, timeSkippingOfFile } from '../../../test/support/servers/time-skipping.ts'

const time = timeSkippingOfFile()
const HOUR_MS = 60 * 60 * 1000

let finished: string[]
let readiness: (now: number, asked: number) => RestoreReadiness
let fakes: {
  prepareRestore: () => Promise<RestoreReadiness>
  finishRestore: (input: { restoreId: string }) => Promise<'restored' | 'gone'>
}
let asked: number

beforeEach(() => {
  finished = []
  asked = 0
  readiness = () => ({ state: 'readable' })
  fakes = {
    prepareRestore: async () => readiness(await time.env.currentTimeMs(), ++asked),
    finishRestore: async ({ restoreId }) => {
      finished.push(restoreId)
      return 'restored'
    },
  }
})

async function start() {
  await time.serve(fakes)
  const photoId = randomUUID()
  return time.env.client.workflow.signalWithStart<
    (input: OriginalRestoreInput) => Promise<RestoreProgress>,
    []
  >(ORIGINAL_RESTORE, {
    workflowId: originalRestoreWorkflowId(photoId),
    taskQueue: TASK_QUEUES.orchestration,
    args: [{ photoId, ownerId: '7' }],
    signal: RESTORE_REQUESTED,
    signalArgs: [],
  })
}

describe('originalRestore', () => {
  it('copies back what can be read at once', async () => {
    expect(await (await start()).result()).toEqual({ state: 'restored' })
    expect(finished).toHaveLength(1)
    expect(asked).toBe(1)
  })

  it('waits until it is expected, and asks a late storage again', async () => {
    const beganAt = await time.env.currentTimeMs()
    const expectedAt = new Date(beganAt + 5 * HOUR_MS).toISOString()
    readiness = (now) =>
      now < beganAt + 6 * HOUR_MS ? { state: 'waiting', expectedAt } : { state: 'readable' }
    expect(await (await start()).result()).toEqual({ state: 'restored' })
    // Once when it starts, once when it is expected, and then each quarter of an hour.
    expect(asked).toBe(6)
  })

  it('ends where the photo has gone', async () => {
    readiness = () => ({ state: 'gone' })
    expect(await (await start()).result()).toEqual({ state: 'gone' })
    expect(finished).toEqual([])
  })

  it('looks at a wish that arrives while it copies, and keeps what it has done', async () => {
    const copying = gate()
    const began = gate()
    const { finishRestore } = fakes
    fakes.finishRestore = async (input) => {
      began.open()
      await copying.opened
      return finishRestore(input)
    }
    readiness = (_now, times) => (times === 1 ? { state: 'readable' } : { state: 'gone' })
    const run = await start()
    await began.opened
    await run.signal(RESTORE_REQUESTED)
    copying.open()
    expect(await run.result()).toEqual({ state: 'restored' })
    expect(asked).toBe(2)
  })
})
