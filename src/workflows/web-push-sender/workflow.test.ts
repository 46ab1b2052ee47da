import { randomUUID } from 'node:crypto'
import type { WorkflowHandleWithSignaledRunId } from '@temporalio/client'
import { beforeEach, describe, expect, it } from 'vitest'
import { TASK_QUEUES } from '../../contracts/task-queues.ts'
import {
  WEB_PUSH_SENDER,
  WEB_PUSHES_DUE,
  type WebPushSenderInput,
  type WebPushSenderResult,
} from '../../contracts/web-push-sender.ts'
import { gate, timeSkippingOfFile } from '../../../test/support/servers/time-skipping.ts'

type Slice = { taken: number; more: boolean }

const time = timeSkippingOfFile()
let workflowId: string
let slices: Slice[]
let calls: number[]
let before: () => Promise<void>

beforeEach(() => {
  workflowId = `web-pushes/${randomUUID()}`
  slices = []
  calls = []
  before = async () => undefined
})

const work = () =>
  time.serve({
    async sendWebPushes({ writer }: WebPushSenderInput): Promise<Slice> {
      calls.push(writer)
      await before()
      return slices.shift() ?? { taken: 0, more: false }
    },
  })

const wake = (): Promise<
  WorkflowHandleWithSignaledRunId<(input: WebPushSenderInput) => Promise<WebPushSenderResult>>
> =>
  time.env.client.workflow.signalWithStart(WEB_PUSH_SENDER, {
    workflowId,
    taskQueue: TASK_QUEUES.orchestration,
    args: [{ writer: 7 }],
    signal: WEB_PUSHES_DUE,
    signalArgs: [],
  })

describe('webPushSender', () => {
  it('takes slices until nothing is due, and ends', async () => {
    slices = [
      { taken: 40, more: true },
      { taken: 12, more: false },
    ]
    await work()
    expect(await (await wake()).result()).toEqual({ pushes: 52 })
    expect(calls).toEqual([7, 7])
  })

  it('looks again if it is woken while it sends', async () => {
    const [sending, woken] = [gate(), gate()]
    before = async () => {
      sending.open()
      await woken.opened
    }
    slices = [
      { taken: 1, more: false },
      { taken: 2, more: false },
    ]
    await work()
    const sender = await wake()
    await sending.opened
    await wake()
    woken.open()
    expect(await sender.result()).toEqual({ pushes: 3 })
  })

  it('tries a slice again for as long as Postgres is away', async () => {
    let failures = 10
    before = async () => {
      if (failures-- > 0) throw new Error('Postgres is away')
    }
    slices = [{ taken: 4, more: false }]
    await work()
    expect(await (await wake()).result()).toEqual({ pushes: 4 })
    expect(calls).toHaveLength(11)
  })
})
