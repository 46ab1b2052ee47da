import { randomUUID } from 'node:crypto'
import { ApplicationFailure, Context } from '@temporalio/activity'
import { beforeEach, describe, expect, it } from 'vitest'
import { HOUSEKEEPING, SWEEPS_FAILED, type HousekeepingResult } from '../../contracts/housekeeping.ts'
import { TASK_QUEUES } from '../../contracts/task-queues.ts'
import { gate, timeSkippingOfFile } from '../../../test/support/servers/time-skipping.ts'

const time = timeSkippingOfFile()
let sweeps: Record<string, () => Promise<number>>
let tries: string[]

beforeEach(() => {
  tries = []
  sweeps = { fanouts: async () => 1, sessions: async () => 2, albums: async () => 3 }
})

async function start() {
  await time.serve({
    listSweeps: async () => Object.keys(sweeps).map((name) => ({ name, summary: `Sweep ${name}` })),
    async runSweep({ name }: { name: string }) {
      tries.push(name)
      return sweeps[name]!()
    },
  })
  return time.env.client.workflow.start<() => Promise<HousekeepingResult>>(HOUSEKEEPING, {
    workflowId: `housekeeping-${randomUUID()}`,
    taskQueue: TASK_QUEUES.orchestration,
  })
}
const count = (name: string) => tries.filter((each) => each === name).length

describe('housekeeping', () => {
  it('runs every sweep that the worker lists, and counts by name', async () => {
    const run = await start()
    expect(await run.result()).toEqual({ fanouts: 1, sessions: 2, albums: 3 })
    expect([...tries].sort()).toEqual(['albums', 'fanouts', 'sessions'])
  })

  it('does not let a slow sweep hold up the others', async () => {
    const slow = gate()
    const others = gate()
    sweeps.sessions = async () => {
      const context = Context.current()
      const beating = setInterval(() => context.heartbeat(), 50)
      await slow.opened
      clearInterval(beating)
      return 2
    }
    sweeps.albums = async () => {
      others.open()
      return 3
    }
    const run = await start()
    await others.opened
    slow.open()
    expect(await run.result()).toEqual({ fanouts: 1, sessions: 2, albums: 3 })
  })

  it('runs the other sweeps when one fails, then fails and names it', async () => {
    sweeps.fanouts = async () => {
      throw new Error('the database is away')
    }
    const run = await start()
    const failure = await run.result().catch((error: { cause: unknown }) => error.cause)
    expect(failure).toBeInstanceOf(ApplicationFailure)
    expect(failure).toMatchObject({
      type: SWEEPS_FAILED,
      details: [{ done: { sessions: 2, albums: 3 }, failed: ['fanouts'] }],
    })
    expect(count('fanouts')).toBe(5)
  })
})
