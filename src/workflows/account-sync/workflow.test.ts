import { randomUUID } from 'node:crypto'
import type { WorkflowHandle } from '@temporalio/client'
import { beforeEach, describe, expect, it } from 'vitest'
import {
  ACCOUNT_CHANGED,
  ACCOUNT_SYNC,
  type AccountSyncInput,
  type AccountSyncProgress,
} from '../../contracts/account-sync.ts'
import type { AccountPlan } from '../../contracts/activities/retraction.ts'
import { TASK_QUEUES } from '../../contracts/task-queues.ts'
import type { PhotoId } from '../../domain/ids.ts'
import { EDGES, timeSkippingOfFile, until } from '../../../test/support/servers/time-skipping.ts'

const time = timeSkippingOfFile()
let calls: string[]
let row: AccountPlan
/** Batches of requests that wait. */
let waiting: number
let fakes: ReturnType<typeof happyPath>

beforeEach(() => {
  calls = []
  waiting = 0
  row = { accessEpoch: 3, minEpoch: 3, isOpen: false }
  fakes = happyPath()
})

const BATCHES: Record<string, PhotoId | null> = { null: 'b', b: 'c', c: null }

function happyPath() {
  return {
    planAccountSync: async () => ({ ...row, edges: EDGES }),
    denyAccountAtEdge: async ({ edge, minEpoch }: { edge: string; minEpoch: number }) =>
      void calls.push(`${edge} deny ${minEpoch}`),
    withdrawPhotos: async ({ after }: { after: PhotoId | null }) => {
      calls.push(`withdraw after ${after}`)
      return { next: BATCHES[String(after)] ?? null, withdrawn: 2 }
    },
    indexPhotosOf: async ({ after }: { after: PhotoId | null }) => {
      calls.push(`index after ${after}`)
      return { next: BATCHES[String(after)] ?? null, indexed: 3 }
    },
    approveWaiting: async () => {
      calls.push('approve')
      return waiting-- > 0 ? 500 : 0
    },
    recordAccountProof: async ({ minEpoch }: { minEpoch: number }) => {
      calls.push(`proven ${minEpoch}`)
      return true
    },
  }
}

async function start() {
  await time.serve(fakes)
  const sync: WorkflowHandle<(input: AccountSyncInput) => Promise<AccountSyncProgress>> =
    await time.env.client.workflow.signalWithStart(ACCOUNT_SYNC, {
      workflowId: `account-sync/${randomUUID()}`,
      taskQueue: TASK_QUEUES.orchestration,
      args: [{ userId: '7' }],
      signal: ACCOUNT_CHANGED,
      signalArgs: [],
    })
  return sync
}

const count = (start: string) => calls.filter((call) => call.startsWith(start)).length

describe('accountSync', () => {
  it('denies the account, revokes its public URLs and rewrites its documents', async () => {
    const sync = await start()
    expect(await sync.result()).toEqual({
      state: 'done',
      syncedEpoch: 3,
      withdrawn: 6,
      indexed: 9,
      approved: 0,
    })
    for (const edge of EDGES) expect(count(`${edge} deny 3`)).toBe(1)
    expect(calls.filter((call) => call.startsWith('withdraw'))).toEqual([
      'withdraw after null',
      'withdraw after b',
      'withdraw after c',
    ])
    expect(calls.indexOf('withdraw after null')).toBeGreaterThan(calls.indexOf(`${EDGES[1]} deny 3`))
    expect(count('proven 3')).toBe(1)
  })

  it('rewrites documents and lets in who waits when an account opens', async () => {
    waiting = 2
    row = { accessEpoch: 4, minEpoch: null, isOpen: true }
    const sync = await start()
    expect(await sync.result()).toEqual({
      state: 'done',
      syncedEpoch: 4,
      withdrawn: 0,
      indexed: 9,
      approved: 1_000,
    })
    expect(calls.filter((call) => !call.startsWith('index'))).toEqual(['approve', 'approve', 'approve'])
    expect(count('index')).toBe(3)
  })

  it('waits for the photos of earlier batches, and for their proofs', async () => {
    let waits = 3
    const withdraw = fakes.withdrawPhotos
    fakes.withdrawPhotos = async (input) =>
      input.after === 'b' && waits-- > 0 ? { next: 'b', withdrawn: 0 } : withdraw(input)
    let unproven = 5
    fakes.recordAccountProof = async () => unproven-- <= 0
    const sync = await start()
    expect(await sync.result()).toMatchObject({ withdrawn: 6 })
    expect({ waits, unproven }).toEqual({ waits: -1, unproven: -1 })
  })

  it('renews the denial until every photo is proven', async () => {
    let isProven = false
    fakes.recordAccountProof = async () => isProven
    const sync = await start()
    await time.env.sleep('70 minutes')
    for (const edge of EDGES) expect(count(`${edge} deny 3`)).toBe(3)
    isProven = true
    await sync.result()
  })

  it('denies and revokes while search hangs', async () => {
    let isUp = false
    const index = fakes.indexPhotosOf
    fakes.indexPhotosOf = async (input) => {
      if (!isUp) throw new Error('OpenSearch is down')
      return index(input)
    }
    const sync = await start()
    await until(async () => count('proven 3') === 1)
    isUp = true
    expect(await sync.result()).toMatchObject({ indexed: 9 })
  })

  it('takes up a change that arrives while an edge is down', async () => {
    let isUp = false
    const deny = fakes.denyAccountAtEdge
    fakes.denyAccountAtEdge = async (input) => {
      if (input.edge === EDGES[1] && !isUp) throw new Error('the edge is down')
      return deny(input)
    }
    const sync = await start()
    await until(async () => count('withdraw after c') === 1)
    row = { accessEpoch: 5, minEpoch: 5, isOpen: false }
    await sync.signal(ACCOUNT_CHANGED)
    await until(async () => count(`${EDGES[0]} deny 5`) === 1 && count('withdraw after c') === 2)
    expect(count('proven')).toBe(0)
    isUp = true
    expect(await sync.result()).toMatchObject({ syncedEpoch: 5, withdrawn: 12 })
    expect(calls.at(-1)).toBe('proven 5')
  })
})
