import { randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import { TEXT_READER, type TextTally } from '../../contracts/text-reader.ts'
import { TASK_QUEUES } from '../../contracts/task-queues.ts'
import { timeSkippingOfFile } from '../../../test/support/servers/time-skipping.ts'

type Slice = TextTally & { more: boolean }

const time = timeSkippingOfFile()
let slices: Slice[]
let calls: number
let before: () => Promise<void>

beforeEach(() => {
  slices = []
  calls = 0
  before = async () => undefined
})

async function start(args: [TextTally?] = []) {
  await time.serve({
    async readTexts(): Promise<Slice> {
      calls++
      await before()
      return slices.shift() ?? { read: 0, unreadable: 0, more: false }
    },
  })
  return time.env.client.workflow.start<(before?: TextTally) => Promise<TextTally>>(TEXT_READER, {
    workflowId: `text-reader/${randomUUID()}`,
    taskQueue: TASK_QUEUES.orchestration,
    args,
  })
}

describe('textReader', () => {
  it('takes slices until nothing is left, and ends with what it read', async () => {
    slices = [
      { read: 2, unreadable: 0, more: true },
      { read: 1, unreadable: 1, more: true },
    ]
    const reader = await start()
    expect(await reader.result()).toEqual({ read: 3, unreadable: 1 })
    expect(calls).toBe(3)
  })

  it('reads on for as long as the storage is away', async () => {
    let failures = 20
    before = async () => {
      if (failures-- > 0) throw new Error('the storage is away')
    }
    slices = [{ read: 4, unreadable: 0, more: false }]
    const reader = await start()
    expect(await reader.result()).toEqual({ read: 4, unreadable: 0 })
    expect(calls).toBe(21)
  })

  it('carries on under a new run what the run before had counted', async () => {
    slices = [{ read: 1, unreadable: 0, more: false }]
    const reader = await start([{ read: 1_000, unreadable: 3 }])
    expect(await reader.result()).toEqual({ read: 1_001, unreadable: 3 })
  })
})
