import { randomUUID } from 'node:crypto'
import type { WorkflowHandleWithSignaledRunId } from '@temporalio/client'
import { beforeEach, describe, expect, it } from 'vitest'
import {
  NOTIFICATION_WRITER,
  NOTIFICATIONS_OWED,
  type NotificationWriterInput,
  type NotificationWriterResult,
} from '../../contracts/notification-writer.ts'
import { TASK_QUEUES } from '../../contracts/task-queues.ts'
import { gate, timeSkippingOfFile, until } from '../../../test/support/servers/time-skipping.ts'

type Slice = { taken: number; more: boolean }

const time = timeSkippingOfFile()
let workflowId: string
let slices: Slice[]
let calls: number[]
let before: () => Promise<void>

beforeEach(() => {
  workflowId = `notifications/${randomUUID()}`
  slices = []
  calls = []
  before = async () => undefined
})

async function work() {
  await time.serve({
    async writeNotifications({ writer }: NotificationWriterInput): Promise<Slice> {
      calls.push(writer)
      await before()
      return slices.shift() ?? { taken: 0, more: false }
    },
  })
}

const wake = (): Promise<
  WorkflowHandleWithSignaledRunId<(input: NotificationWriterInput) => Promise<NotificationWriterResult>>
> =>
  time.env.client.workflow.signalWithStart(NOTIFICATION_WRITER, {
    workflowId,
    taskQueue: TASK_QUEUES.orchestration,
    args: [{ writer: 7 }],
    signal: NOTIFICATIONS_OWED,
    signalArgs: [],
  })

describe('notificationWriter', () => {
  it('takes slices until nothing is left, and ends', async () => {
    slices = [
      { taken: 5_000, more: true },
      { taken: 12, more: false },
    ]
    await work()
    const writer = await wake()
    expect(await writer.result()).toEqual({ events: 5_012 })
    expect(new Set(calls)).toEqual(new Set([7]))
  })

  it('looks again if it is woken while it writes', async () => {
    const [writing, woken] = [gate(), gate()]
    before = async () => {
      writing.open()
      await woken.opened
    }
    slices = [
      { taken: 1, more: false },
      { taken: 2, more: false },
    ]
    await work()
    const writer = await wake()
    await writing.opened
    await wake()
    woken.open()
    expect(await writer.result()).toEqual({ events: 3 })
  })

  it('begins another run when it is woken after its end', async () => {
    slices = [
      { taken: 1, more: false },
      { taken: 2, more: false },
    ]
    await work()
    await (await wake()).result()
    await (await wake()).result()
    expect(slices).toEqual([])
  })

  it('tries a slice again for as long as Postgres is away', async () => {
    let failures = 20
    before = async () => {
      if (failures-- > 0) throw new Error('Postgres is away')
    }
    slices = [{ taken: 4, more: false }]
    await work()
    const writer = await wake()
    expect(await writer.result()).toEqual({ events: 4 })
    await until(async () => calls.length >= 21)
  })
})
