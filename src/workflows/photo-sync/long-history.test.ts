import { randomUUID } from 'node:crypto'
import { Context } from '@temporalio/activity'
import type { TestWorkflowEnvironment } from '@temporalio/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PHOTO_CHANGED, PHOTO_SYNC, photoSyncWorkflowId } from '../../contracts/photo-sync.ts'
import { TASK_QUEUES } from '../../contracts/task-queues.ts'
import { openDevServer } from '../../../test/support/servers/dev-server.ts'
import { EDGES, startWorkers } from '../../../test/support/servers/time-skipping.ts'

/** A whole run takes some 80, so that the second one comes to its end. */
const LONG_HISTORY_EVENTS = 160

let env: TestWorkflowEnvironment
beforeAll(async () => {
  env = await openDevServer(LONG_HISTORY_EVENTS)
})
afterAll(() => env?.teardown())

describe('a retraction whose history grows long', () => {
  it('has an edge prove what an earlier run has deleted', async () => {
    const photoId = randomUUID()
    const workflowId = photoSyncWorkflowId(photoId)
    const runs = new Set<string>()
    const proven: string[][] = []
    const key = `variants/${photoId}/1/thumb_200.webp`
    let isDeleted = false
    const workers = await startWorkers(env, {
      planPhotoSync: async () => ({
        state: 'deleted',
        version: 3,
        accessEpoch: 2,
        wasPublished: true,
        minEpoch: 2,
        stale: [],
        edges: EDGES,
      }),
      indexPhoto: async () => ({ state: 'removed', version: 3, changed: false }),
      reconcileDistribution: async () => undefined,
      stopUpload: async () => false,
      deletePhotoObjects: async () => {
        const keys = isDeleted ? [] : [key]
        isDeleted = true
        return keys
      },
      async refusePhotoAtEdge({ edge, gone }: { edge: string; gone: string[] }) {
        runs.add(Context.current().info.workflowExecution!.runId)
        // One edge stays away until the first run has been continued.
        if (edge === EDGES[1] && runs.size === 1) {
          await env.client.workflow.getHandle(workflowId).signal(PHOTO_CHANGED)
          throw new Error('the edge is away')
        }
        if (edge === EDGES[1]) proven.push(gone)
        return { purged: 0 }
      },
      recordPhotoProof: async () => undefined,
      scrubPhoto: async () => undefined,
      recordErasure: async () => undefined,
    })
    try {
      const sync = await env.client.workflow.signalWithStart(PHOTO_SYNC, {
        workflowId,
        taskQueue: TASK_QUEUES.orchestration,
        args: [{ photoId, ownerId: '7' }],
        signal: PHOTO_CHANGED,
        signalArgs: [],
      })
      // The last of them may find that the second run has ended.
      while (runs.size < 2) await sync.signal(PHOTO_CHANGED).catch(() => undefined)
      expect(await sync.result()).toMatchObject({ state: 'done', removed: { objects: 1 } })
      expect(runs.size).toBe(2)
      expect(proven.at(-1)).toEqual([key])
    } finally {
      await workers.stop()
    }
  })
})
