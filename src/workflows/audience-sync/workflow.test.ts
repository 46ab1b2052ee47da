import { randomUUID } from 'node:crypto'
import type { WorkflowHandle } from '@temporalio/client'
import { beforeEach, describe, expect, it } from 'vitest'
import {
  AUDIENCE_NARROWED,
  AUDIENCE_SYNC,
  type AudienceSyncInput,
  type AudienceSyncProgress,
} from '../../contracts/audience-sync.ts'
import { TASK_QUEUES } from '../../contracts/task-queues.ts'
import { EDGES, timeSkippingOfFile, until } from '../../../test/support/servers/time-skipping.ts'

const time = timeSkippingOfFile()
let calls: string[]
let owed: number | null
let fakes: ReturnType<typeof happyPath>

beforeEach(() => {
  calls = []
  owed = 3
  fakes = happyPath()
})

function happyPath() {
  return {
    planAudienceSync: async () => ({ minEpoch: owed, edges: EDGES }),
    denyAudienceAtEdge: async ({ edge, minEpoch }: { edge: string; minEpoch: number }) =>
      void calls.push(`${edge} deny ${minEpoch}`),
    recordAudienceProof: async ({ minEpoch }: { minEpoch: number }) => void calls.push(`proven ${minEpoch}`),
  }
}

async function start() {
  await time.serve(fakes)
  const sync: WorkflowHandle<(input: AudienceSyncInput) => Promise<AudienceSyncProgress>> =
    await time.env.client.workflow.signalWithStart(AUDIENCE_SYNC, {
      workflowId: `audience-sync/${randomUUID()}`,
      taskQueue: TASK_QUEUES.orchestration,
      args: [{ userId: '7' }],
      signal: AUDIENCE_NARROWED,
      signalArgs: [],
    })
  return sync
}

const count = (start: string) => calls.filter((call) => call.startsWith(start)).length

describe('audienceSync', () => {
  it('has every edge deny and records the proof once', async () => {
    const sync = await start()
    expect(await sync.result()).toEqual({ state: 'done', provenEpoch: 3 })
    for (const edge of EDGES) expect(count(`${edge} deny 3`)).toBe(1)
    expect(count('proven 3')).toBe(1)
  })

  it('asks no edge if all is proven', async () => {
    owed = null
    const sync = await start()
    expect(await sync.result()).toEqual({ state: 'done', provenEpoch: 0 })
    expect(calls).toEqual([])
  })

  it('waits for an edge that is down and takes up what comes meanwhile', async () => {
    let isUp = false
    const deny = fakes.denyAudienceAtEdge
    fakes.denyAudienceAtEdge = async (input) => {
      if (input.edge === EDGES[1] && !isUp) throw new Error('the edge is down')
      return deny(input)
    }
    const sync = await start()
    await until(async () => count(`${EDGES[0]} deny 3`) === 1)
    owed = 4
    await sync.signal(AUDIENCE_NARROWED)
    await until(async () => count(`${EDGES[0]} deny 4`) === 1)
    expect(count('proven')).toBe(0)
    isUp = true
    expect(await sync.result()).toEqual({ state: 'done', provenEpoch: 4 })
    expect(calls.at(-1)).toBe('proven 4')
  })
})
