import { randomUUID } from 'node:crypto'
import type { WorkflowHandle } from '@temporalio/client'
import type { TestWorkflowEnvironment } from '@temporalio/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  PHOTO_CHANGED,
  PHOTO_SYNC,
  photoSyncWorkflowId,
  SYNC_PROGRESS,
  type PhotoSyncInput,
  type SyncProgress,
} from '../../contracts/photo-sync.ts'
import { TASK_QUEUES } from '../../contracts/task-queues.ts'
import type { SyncPlan } from '../../contracts/activities/retraction.ts'
import {
  gate,
  openTimeSkipping,
  startWorkers,
  until,
  type Workers,
} from '../../../test/support/servers/time-skipping.ts'

let env: TestWorkflowEnvironment
let workers: Workers | undefined
let calls: string[]
let row: SyncPlan
let fakes: ReturnType<typeof happyPath>

const stale = (epoch: number) => [
  { variant: 'thumb_200', format: 'webp', objectKey: `variants/x/${epoch}/thumb_200.webp` },
]
const published = (version: number, accessEpoch = 1, staleOf?: number): SyncPlan => ({
  state: 'published',
  version,
  accessEpoch,
  stale: staleOf === undefined ? [] : stale(staleOf),
})

beforeAll(async () => {
  env = await openTimeSkipping()
})
afterAll(() => env?.teardown())
beforeEach(() => {
  calls = []
  row = published(4)
  fakes = happyPath()
})
afterEach(async () => {
  await workers?.stop()
  workers = undefined
})

/** Activities that change `row` as the services change the database. */
function happyPath() {
  return {
    planSync: async () => structuredClone(row),
    indexPhoto: async () => {
      calls.push('index')
      return { state: row.state === 'deleted' ? 'removed' : 'indexed', version: row.version, changed: true }
    },
    reconcileDistribution: async () => void calls.push('distribution'),
    stopUpload: async () => {
      calls.push('stopUpload')
      return false
    },
    denyAtEdges: async ({ minEpoch }: { minEpoch: number }) => void calls.push(`deny ${minEpoch}`),
    moveVariants: async ({ accessEpoch }: { accessEpoch: number }) => {
      calls.push(`move ${accessEpoch}`)
      if (row.state !== 'published' || row.accessEpoch !== accessEpoch)
        return { outcome: 'superseded', removed: [] }
      const removed = row.stale.map(({ objectKey }) => objectKey)
      row.stale = []
      return { outcome: 'moved', removed }
    },
    listObjects: async () => ['originals/x', 'variants/x/1/thumb_200.webp'],
    deleteObjects: async ({ keys }: { keys: string[] }) => void calls.push(`delete ${keys.length}`),
    refuseAtEdges: async ({ keys }: { keys: string[] }) => {
      calls.push(`refuse ${keys.join()}`)
      return { purged: 1 }
    },
  }
}

type Sync = WorkflowHandle<(input: PhotoSyncInput) => Promise<SyncProgress>>

async function start(): Promise<Sync> {
  workers = await startWorkers(env, fakes)
  const photoId = randomUUID()
  return env.client.workflow.signalWithStart(PHOTO_SYNC, {
    workflowId: photoSyncWorkflowId(photoId),
    taskQueue: TASK_QUEUES.orchestration,
    args: [{ photoId, ownerId: '7' }],
    signal: PHOTO_CHANGED,
    signalArgs: [],
  })
}

describe('photoSync', () => {
  it('updates search and feeds after an edit and leaves the edges alone', async () => {
    const sync = await start()
    expect(await sync.result()).toEqual({
      state: 'done',
      syncedVersion: 4,
      removed: { objects: 0, edgePaths: 0, searchDocuments: 0 },
    })
    expect(calls.sort()).toEqual(['distribution', 'index'])
  })

  it('does nothing for a photo that is not published yet', async () => {
    row = { state: 'unpublished', version: 2 }
    const sync = await start()
    expect(await sync.result()).toMatchObject({ syncedVersion: 2 })
    expect(calls).toEqual([])
  })

  it('denies a narrowed photo at the edges, moves objects, then proves it', async () => {
    row = published(5, 2, 1)
    const sync = await start()
    expect(await sync.result()).toMatchObject({ syncedVersion: 5, removed: { objects: 1, edgePaths: 1 } })
    const edgeward = calls.filter((call) => !['index', 'distribution'].includes(call))
    expect(edgeward).toEqual(['deny 2', 'move 2', 'refuse variants/x/1/thumb_200.webp'])
  })

  it('starts over when the photo is narrowed again during a move', async () => {
    row = published(5, 2, 1)
    const move = fakes.moveVariants
    fakes.moveVariants = async (input) => {
      if (input.accessEpoch === 2) row = published(6, 3, 1)
      return move(input)
    }
    const sync = await start()
    expect(await sync.result()).toMatchObject({ syncedVersion: 6, removed: { objects: 1 } })
    expect(calls.filter((call) => /^(deny|move|refuse)/.test(call))).toEqual([
      'deny 2',
      'move 2',
      'deny 3',
      'move 3',
      'refuse variants/x/1/thumb_200.webp',
    ])
  })

  it('removes a deleted photo from every store and reports it', async () => {
    row = { state: 'deleted', version: 9, accessEpoch: 3, wasPublished: true }
    const sync = await start()
    expect(await sync.result()).toEqual({
      state: 'done',
      syncedVersion: 9,
      removed: { objects: 2, edgePaths: 1, searchDocuments: 1 },
    })
    expect(calls).toEqual(
      expect.arrayContaining(['stopUpload', 'index', 'distribution', 'deny 4', 'delete 2']),
    )
    expect(calls.at(-1)).toBe('refuse originals/x,variants/x/1/thumb_200.webp')
  })

  it('stops the upload of an unpublished deleted photo and asks no edge', async () => {
    row = { state: 'deleted', version: 3, accessEpoch: 1, wasPublished: false }
    fakes.listObjects = async () => ['incoming/x']
    const sync = await start()
    expect(await sync.result()).toMatchObject({ removed: { objects: 1, searchDocuments: 0 } })
    expect(calls).toEqual(expect.arrayContaining(['stopUpload', 'delete 1']))
    expect(calls.some((call) => call.startsWith('deny'))).toBe(false)
  })

  it('removes objects while an edge is down and proves it once it is up', async () => {
    row = published(5, 2, 1)
    let isUp = false
    let denials = 0
    const deny = fakes.denyAtEdges
    fakes.denyAtEdges = async (input) => {
      denials++
      if (!isUp) throw new Error('the edge is down')
      return deny(input)
    }
    const refuse = fakes.refuseAtEdges
    fakes.refuseAtEdges = async (input) => {
      if (!isUp) throw new Error('the edge is down')
      return refuse(input)
    }
    const sync = await start()
    await env.sleep('10 minutes')
    expect(calls).toContain('move 2')
    expect(await sync.query(SYNC_PROGRESS)).toMatchObject({ state: 'running', syncedVersion: 5 })
    row = published(6, 2)
    await sync.signal(PHOTO_CHANGED)
    await until(async () => (await sync.query<SyncProgress>(SYNC_PROGRESS)).syncedVersion === 6)
    expect(calls.some((call) => call.startsWith('refuse'))).toBe(false)
    // At most 15 s between tries.
    expect(denials).toBeGreaterThan(40)
    isUp = true
    expect(await sync.result()).toMatchObject({ syncedVersion: 6, removed: { objects: 1, edgePaths: 1 } })
    // Whichever of the two came first, no purge before the denial was the last.
    expect(calls.filter((call) => /^(deny|refuse)/.test(call)).at(-1)).toBe(
      'refuse variants/x/1/thumb_200.webp',
    )
    expect(calls).toContain('deny 2')
  })

  it('purges at an edge that cannot deny, and again once it can', async () => {
    row = published(5, 2, 1)
    let hasRoom = false
    const deny = fakes.denyAtEdges
    fakes.denyAtEdges = async (input) => {
      if (!hasRoom) throw new Error('deny table full')
      return deny(input)
    }
    const sync = await start()
    await env.sleep('1 minute')
    expect(calls.filter((call) => call.startsWith('refuse'))).toHaveLength(1)
    hasRoom = true
    expect(await sync.result()).toMatchObject({ removed: { objects: 1, edgePaths: 1 } })
    expect(calls.filter((call) => /^(deny|refuse)/.test(call))).toEqual([
      'refuse variants/x/1/thumb_200.webp',
      'deny 2',
      'refuse variants/x/1/thumb_200.webp',
    ])
  })

  it('handles a change that arrives while it works', async () => {
    const indexing = gate()
    const index = fakes.indexPhoto
    fakes.indexPhoto = async () => {
      await indexing.opened
      return index()
    }
    const sync = await start()
    row = published(5)
    await sync.signal(PHOTO_CHANGED)
    indexing.open()
    expect(await sync.result()).toMatchObject({ syncedVersion: 5 })
  })
})
