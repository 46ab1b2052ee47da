import { randomUUID } from 'node:crypto'
import type { WorkflowHandle } from '@temporalio/client'
import { beforeEach, describe, expect, it } from 'vitest'
import {
  PHOTO_CHANGED,
  PHOTO_SYNC,
  photoSyncWorkflowId,
  SYNC_PROGRESS,
  type PhotoSyncInput,
  type SyncProgress,
} from '../../contracts/photo-sync.ts'
import { TASK_QUEUES } from '../../contracts/task-queues.ts'
import type { PhotoPlan, RetractionActivities, StaleVariant } from '../../contracts/activities/retraction.ts'
import { EDGES, gate, timeSkippingOfFile, until } from '../../../test/support/servers/time-skipping.ts'

const time = timeSkippingOfFile()
let calls: string[]
let row: PhotoPlan
let isIndexed: boolean
let fakes: ReturnType<typeof happyPath>

const [edge1, edge2] = EDGES as [string, string]
const keyAt = (epoch: number) => `variants/x/${epoch}/thumb_200.webp`
const staleAt = (epoch: number): StaleVariant[] => [
  { variant: 'thumb_200', format: 'webp', objectKey: keyAt(epoch) },
]
const published = (version: number, changes: Partial<PhotoPlan> = {}): PhotoPlan => ({
  state: 'published',
  version,
  accessEpoch: 1,
  wasPublished: true,
  minEpoch: null,
  stale: [],
  ...changes,
})
const narrowed = (version: number, epoch: number): PhotoPlan =>
  published(version, { accessEpoch: epoch, minEpoch: epoch, stale: staleAt(1) })
const deleted = (version: number, epoch: number): PhotoPlan => ({
  ...narrowed(version, epoch),
  state: 'deleted',
})

beforeEach(() => {
  calls = []
  row = published(4)
  isIndexed = true
  fakes = happyPath()
})

type Refusal = Parameters<RetractionActivities['refusePhotoAtEdge']>[0]

/** Activities that change `row` as the services change the database. */
function happyPath() {
  return {
    planPhotoSync: async () => ({ ...structuredClone(row), edges: EDGES }),
    indexPhoto: async () => {
      calls.push('index')
      const state = row.state === 'published' ? 'indexed' : 'removed'
      const changed = state === 'indexed' || isIndexed
      isIndexed = state === 'indexed'
      return { state, version: row.version, changed }
    },
    reconcileDistribution: async () => void calls.push('distribution'),
    stopUpload: async () => {
      calls.push('stopUpload')
      return false
    },
    refusePhotoAtEdge: async ({ edge, minEpoch, standing, gone }: Refusal) => {
      const purges = [...standing.map((key) => `purge ${key}`), ...gone.map((key) => `prove ${key}`)]
      calls.push([edge, `deny ${minEpoch}`, ...purges].join(' '))
      return { purged: standing.length }
    },
    moveVariant: async ({ stale }: { stale: StaleVariant }) => {
      calls.push(`move to ${row.accessEpoch}`)
      row.stale = row.stale.filter(({ objectKey }) => objectKey !== stale.objectKey)
      return { outcome: 'moved', removed: [stale.objectKey] }
    },
    sweepVariants: async (): Promise<string[]> => [],
    renderVariant: async ({ variant, format }: { variant: string; format: string }) => {
      calls.push(`render ${variant}.${format}`)
      return { outcome: 'rendered', failed: [], attempts: 1 }
    },
    deletePhotoObjects: async () => {
      calls.push('delete')
      row.stale = []
      return ['originals/x', keyAt(1)]
    },
    scrubPhoto: async () => void calls.push('scrub'),
    recordErasure: async ({ removed }: { removed: SyncProgress['removed'] }) =>
      void calls.push(`receipt ${Object.values(removed).join()}`),
    recordPhotoProof: async ({ minEpoch }: { minEpoch: number }) => {
      calls.push(`proven ${minEpoch}`)
      if (row.minEpoch === minEpoch) row.minEpoch = null
    },
  }
}

type Sync = WorkflowHandle<(input: PhotoSyncInput) => Promise<SyncProgress>>

async function start(): Promise<Sync> {
  await time.serve(fakes)
  const photoId = randomUUID()
  return time.env.client.workflow.signalWithStart(PHOTO_SYNC, {
    workflowId: photoSyncWorkflowId(photoId),
    taskQueue: TASK_QUEUES.orchestration,
    args: [{ photoId, ownerId: '7' }],
    signal: PHOTO_CHANGED,
    signalArgs: [],
  })
}

const atEdge = (edge: string) => calls.filter((call) => call.startsWith(edge))
const progressOf = (sync: Sync) => sync.query<SyncProgress>(SYNC_PROGRESS)

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

  it('makes what the row asks for', async () => {
    row = published(5, { missing: [{ variant: 'download', format: 'any' }] })
    const sync = await start()
    expect(await sync.result()).toMatchObject({ syncedVersion: 5 })
    expect(calls.sort()).toEqual(['distribution', 'index', 'render download.any'])
  })

  it('does nothing for a photo that is not published yet', async () => {
    row = { ...published(2), state: 'unpublished', wasPublished: false }
    const sync = await start()
    expect(await sync.result()).toMatchObject({ syncedVersion: 2 })
    expect(calls).toEqual([])
  })

  it('denies and purges at once, moves, then has each edge prove it', async () => {
    row = narrowed(5, 2)
    const sync = await start()
    expect(await sync.result()).toMatchObject({ syncedVersion: 5, removed: { objects: 1, edgePaths: 2 } })
    for (const edge of EDGES)
      expect(atEdge(edge)).toEqual([`${edge} deny 2 purge ${keyAt(1)}`, `${edge} deny 2 prove ${keyAt(1)}`])
    expect(calls.indexOf('move to 2')).toBeGreaterThan(calls.indexOf(atEdge(edge2)[0]!))
    expect(calls.at(-1)).toBe('proven 2')
  })

  it('withdraws a photo that is taken down or trashed, and keeps it', async () => {
    row = { ...narrowed(5, 2), state: 'withdrawn' }
    const sync = await start()
    expect(await sync.result()).toMatchObject({ removed: { objects: 1, searchDocuments: 1 } })
    expect(calls).toEqual(expect.arrayContaining(['index', 'distribution', 'move to 2', 'proven 2']))
    for (const kept of ['delete', 'scrub']) expect(calls).not.toContain(kept)
  })

  it('removes a deleted photo from every store and reports it', async () => {
    row = deleted(9, 3)
    const sync = await start()
    expect(await sync.result()).toEqual({
      state: 'done',
      syncedVersion: 9,
      removed: { objects: 2, edgePaths: 2, searchDocuments: 1 },
    })
    expect(calls).toEqual(expect.arrayContaining(['stopUpload', 'index', 'distribution', 'delete', 'scrub']))
    expect(atEdge(edge1).at(-1)).toBe(`${edge1} deny 3 prove originals/x prove ${keyAt(1)}`)
    expect(calls.slice(-2)).toEqual(['proven 3', 'receipt 2,2,1'])
  })

  it('stops the upload of an unpublished deleted photo and asks no edge', async () => {
    row = { ...deleted(3, 1), wasPublished: false, minEpoch: null, stale: [] }
    fakes.deletePhotoObjects = async () => ['incoming/x']
    const sync = await start()
    expect(await sync.result()).toMatchObject({ removed: { objects: 1, searchDocuments: 0 } })
    expect(calls.sort()).toEqual(['receipt 1,0,0', 'scrub', 'stopUpload'])
  })

  it('refuses a deletion at the edges while search hangs since an edit', async () => {
    let isUp = false
    const index = fakes.indexPhoto
    fakes.indexPhoto = async () => {
      if (!isUp) throw new Error('OpenSearch is down')
      return index()
    }
    const sync = await start()
    await until(async () => calls.includes('distribution'))
    row = deleted(5, 2)
    await sync.signal(PHOTO_CHANGED)
    await until(async () => calls.includes('proven 2'))
    expect(calls).toContain('delete')
    expect(await progressOf(sync)).toMatchObject({ state: 'running', removed: { searchDocuments: 0 } })
    expect(calls.some((call) => call.startsWith('receipt'))).toBe(false)
    isUp = true
    expect(await sync.result()).toMatchObject({ syncedVersion: 5, removed: { searchDocuments: 1 } })
    expect(calls.at(-1)).toBe('receipt 2,2,1')
  })

  it('denies a second narrowing while the storage is away since the first', async () => {
    row = narrowed(5, 2)
    let isUp = false
    const move = fakes.moveVariant
    fakes.moveVariant = async (input) => {
      if (!isUp) throw new Error('the storage is away')
      return move(input)
    }
    const sync = await start()
    await until(async () => EDGES.every((edge) => atEdge(edge).length === 1))
    row = narrowed(6, 3)
    await sync.signal(PHOTO_CHANGED)
    await until(async () => EDGES.every((edge) => atEdge(edge).at(-1) === `${edge} deny 3 purge ${keyAt(1)}`))
    expect(calls.some((call) => call.startsWith('move'))).toBe(false)
    isUp = true
    expect(await sync.result()).toMatchObject({ syncedVersion: 6, removed: { objects: 1 } })
    expect(calls.at(-1)).toBe('proven 3')
  })

  it('renews a denial each half hour while the storage is away', async () => {
    row = narrowed(5, 2)
    let isUp = false
    const move = fakes.moveVariant
    fakes.moveVariant = async (input) => {
      if (!isUp) throw new Error('the storage is away')
      return move(input)
    }
    const sync = await start()
    await time.env.sleep('100 minutes')
    for (const edge of EDGES) expect(atEdge(edge)).toHaveLength(4)
    isUp = true
    await sync.result()
    for (const edge of EDGES) expect(atEdge(edge).at(-1)).toBe(`${edge} deny 2 prove ${keyAt(1)}`)
  })

  it('has one edge refuse and prove while another is down', async () => {
    row = narrowed(5, 2)
    let isUp = false
    let tries = 0
    const refuse = fakes.refusePhotoAtEdge
    fakes.refusePhotoAtEdge = async (refusal) => {
      if (refusal.edge === edge2) tries++
      if (refusal.edge === edge2 && !isUp) throw new Error('the edge is down')
      return refuse(refusal)
    }
    const sync = await start()
    await time.env.sleep('10 minutes')
    expect(atEdge(edge1).at(-1)).toBe(`${edge1} deny 2 prove ${keyAt(1)}`)
    expect(calls.some((call) => call.startsWith('proven'))).toBe(false)
    // At most 15 s between tries.
    expect(tries).toBeGreaterThan(40)
    row = { ...row, version: 6 }
    await sync.signal(PHOTO_CHANGED)
    await until(async () => (await progressOf(sync)).syncedVersion === 6)
    isUp = true
    expect(await sync.result()).toMatchObject({ syncedVersion: 6, removed: { objects: 1 } })
    expect(atEdge(edge2).at(-1)).toBe(`${edge2} deny 2 prove ${keyAt(1)}`)
    expect(calls.at(-1)).toBe('proven 2')
  })

  it('moves the other variants when the object of one cannot be moved', async () => {
    const other = { variant: 'medium_800', format: 'webp', objectKey: 'variants/x/1/medium_800.webp' }
    row = { ...narrowed(5, 2), stale: [...staleAt(1), other] }
    const repaired = gate()
    const move = fakes.moveVariant
    fakes.moveVariant = async (input) => {
      if (input.stale.variant === 'thumb_200') await repaired.opened
      return move(input)
    }
    const sync = await start()
    await until(async () =>
      EDGES.every((edge) => atEdge(edge).some((call) => call.includes(`prove ${other.objectKey}`))),
    )
    repaired.open()
    expect(await sync.result()).toMatchObject({ removed: { objects: 2 } })
  })

  it('renders a variant again whose object is nowhere', async () => {
    row = narrowed(5, 2)
    fakes.moveVariant = async ({ stale }) => {
      row.stale = []
      return { outcome: 'missing', removed: [stale.objectKey] }
    }
    const sync = await start()
    await sync.result()
    expect(calls).toContain('render thumb_200.webp')
    expect(calls).toContain('proven 2')
  })

  it('ends when a variant cannot be made before its original is restored', async () => {
    row = published(5, { missing: [{ variant: 'download', format: 'any' }] })
    fakes.renderVariant = async () => ({ outcome: 'cold', failed: [], attempts: 1 })
    const sync = await start()
    expect(await sync.result()).toMatchObject({ state: 'done' })
  })

  it('deletes and has refused what no row names', async () => {
    row = { ...narrowed(5, 2), stale: [] }
    fakes.sweepVariants = async () => ['variants/x/1/orphan.webp']
    const sync = await start()
    expect(await sync.result()).toMatchObject({ removed: { objects: 1 } })
    for (const edge of EDGES)
      expect(atEdge(edge).at(-1)).toBe(`${edge} deny 2 prove variants/x/1/orphan.webp`)
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

describe('a cache in front of the edges', () => {
  const front = EDGES[1]!
  beforeEach(() => {
    row = narrowed(5, 2)
    fakes.planPhotoSync = async () => ({ ...structuredClone(row), edges: [edge1], fronts: [front] })
  })

  it('is emptied after the edges, and proves what is gone before all is proven', async () => {
    await (await start()).result()
    const order = calls.filter((call) => /^(?:http|proven)/.test(call))
    expect(order[0]).toContain(edge1)
    expect(order.at(-1)).toBe('proven 2')
    expect(order.at(-2)).toBe(`${front} deny 2 prove ${keyAt(1)}`)
    expect(atEdge(front).length).toBeLessThanOrEqual(3)
  })

  it('waits little for an edge that is down, and is emptied again after it', async () => {
    const down = gate()
    const { refusePhotoAtEdge } = fakes
    fakes.refusePhotoAtEdge = async (refusal: Refusal) => {
      if (refusal.edge === edge1) await down.opened
      return refusePhotoAtEdge(refusal)
    }
    const sync = await start()
    await until(async () => atEdge(front).length > 0)
    expect(calls.some((call) => call.startsWith('proven'))).toBe(false)
    const before = atEdge(front).length
    down.open()
    await sync.result()
    expect(atEdge(front).length).toBeGreaterThan(before)
    expect(calls.at(-1)).toBe('proven 2')
  })
})
