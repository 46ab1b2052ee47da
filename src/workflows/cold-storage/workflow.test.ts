import { randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import {
  COLD_STORAGE,
  COLD_STORAGE_PROGRESS,
  NOTHING_COOLED,
  PAUSE_COLD_STORAGE,
  RESUME_COLD_STORAGE,
  type ColdStorageCheckpoint,
  type ColdStorageProgress,
  type ColdStorageSlice,
  type ColdStorageSliceInput,
} from '../../contracts/cold-storage.ts'
import { TASK_QUEUES } from '../../contracts/task-queues.ts'
import { gate, timeSkippingOfFile, until } from '../../../test/support/servers/time-skipping.ts'

const time = timeSkippingOfFile()
const SLICES = 3
const LIMIT = '2026-05-31T00:00:00.000Z'

let slices: ColdStorageSliceInput[]
let fakes: ReturnType<typeof happyPath>
beforeEach(() => {
  slices = []
  fakes = happyPath()
})

function happyPath() {
  return {
    findColdStorageLimit: async (): Promise<string | null> => LIMIT,
    endRestores: async () => 4,
    coolOriginals: async (input: ColdStorageSliceInput): Promise<ColdStorageSlice> => {
      slices.push(input)
      return {
        after: { createdAt: LIMIT, blobId: String(slices.length) },
        tally: { ...NOTHING_COOLED, seen: 10, moved: 9, movedBytes: 900, held: 1, savedPerMonth: 0.5 },
        isAtEnd: slices.length === SLICES,
      }
    },
  }
}

async function start() {
  await time.serve(fakes)
  return time.env.client.workflow.start<(resume?: ColdStorageCheckpoint) => Promise<ColdStorageProgress>>(
    COLD_STORAGE,
    { workflowId: `cold-storage/${randomUUID()}`, taskQueue: TASK_QUEUES.orchestration, args: [] },
  )
}

describe('coldStorage', () => {
  it('goes on after the last original of each slice, and reports what it saved', async () => {
    const run = await start()
    expect(await run.result()).toEqual({
      state: 'done',
      tally: {
        ...NOTHING_COOLED,
        seen: 30,
        moved: 27,
        movedBytes: 2700,
        held: 3,
        ended: 4,
        savedPerMonth: 1.5,
      },
    })
    expect(slices.map(({ after }) => after?.blobId)).toEqual([undefined, '1', '2'])
    expect(new Set(slices.map(({ before }) => before))).toEqual(new Set([LIMIT]))
  })

  it('does nothing where there is no cold storage', async () => {
    fakes.findColdStorageLimit = async () => null
    const run = await start()
    await run.result()
    expect(slices).toEqual([])
  })

  it('holds after the slice under way, and goes on when it is resumed', async () => {
    const cooling = gate()
    const began = gate()
    const { coolOriginals } = fakes
    fakes.coolOriginals = async (input) => {
      began.open()
      await cooling.opened
      return coolOriginals(input)
    }
    const run = await start()
    await began.opened
    await run.signal(PAUSE_COLD_STORAGE)
    cooling.open()
    const progress = () => run.query<ColdStorageProgress>(COLD_STORAGE_PROGRESS)
    await until(async () => (await progress()).tally.seen === 10)
    expect(await progress()).toMatchObject({ state: 'paused' })
    await run.signal(RESUME_COLD_STORAGE)
    expect(await run.result()).toMatchObject({ state: 'done', tally: { seen: 30 } })
  })
})
