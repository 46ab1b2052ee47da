import { randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import { SEARCH_DRIFT, type IndexState, type SearchDriftResult } from '../../contracts/search-drift.ts'
import {
  ABANDON_REINDEX,
  NOTHING_COPIED,
  NOTHING_FOUND,
  SEARCH_REINDEX_ID,
  type CopySlice,
} from '../../contracts/search-reindex.ts'
import { TASK_QUEUES } from '../../contracts/task-queues.ts'
import { gate, timeSkippingOfFile } from '../../../test/support/servers/time-skipping.ts'

const time = timeSkippingOfFile()
let compared: (string | null)[]
let state: IndexState
let copying: ReturnType<typeof gate>

beforeEach(() => {
  compared = []
  state = 'ready'
  copying = gate()
})

async function serve() {
  await time.serve({
    inspectIndex: async () => ({ state, version: 2, photos: 10, documents: 10 }),
    refreshPopularity: async () => 3,
    compareDocuments: async ({ after }: { after: string | null }) => {
      compared.push(after)
      const next = after === null ? '4' : null
      return {
        after: next,
        tally: { ...NOTHING_FOUND, compared: 5, stale: 1, repaired: 1 },
        isAtEnd: next === null,
      }
    },
    beginBuild: async ({ version }: { version: number }) => ({ index: `photos-v${version}-a`, photos: 10 }),
    copyDocuments: async (): Promise<CopySlice> => {
      await copying.opened
      return { after: '9', tally: { ...NOTHING_COPIED, documents: 10 }, isAtEnd: true }
    },
    compareBuild: async () => ({ after: null, tally: NOTHING_FOUND, isAtEnd: true }),
    swapIndexes: async () => undefined,
    abandonBuild: async () => undefined,
  })
}

const start = (options: object = {}) =>
  time.env.client.workflow.start<() => Promise<SearchDriftResult>>(SEARCH_DRIFT, {
    workflowId: `search-drift/${randomUUID()}`,
    taskQueue: TASK_QUEUES.orchestration,
    ...options,
  })

describe('searchDrift', () => {
  it('goes on where its last run ended, and begins again at the end', async () => {
    await serve()
    const run = await start({ workflowId: 'search-drift', cronSchedule: '* * * * *' })
    while (compared.length < 3) await time.env.sleep('1 minute')
    await run.terminate()
    expect(compared.slice(0, 3)).toEqual([null, '4', null])
  })

  it('reports what it found and repaired', async () => {
    await serve()
    const run = await start()
    expect(await run.result()).toMatchObject({
      state: 'ready',
      startedReindex: false,
      after: '4',
      found: { compared: 5, stale: 1, repaired: 1 },
      popularity: 3,
    })
  })

  it.each(['lost', 'emptied', 'outdated'] as const)(
    'has an index that is %s built anew, once',
    async (found) => {
      state = found
      await serve()
      const [first, second] = [await start(), await start()]
      const results = await Promise.all([first.result(), second.result()])
      expect(results.map(({ startedReindex }) => startedReindex).sort()).toEqual([false, true])
      expect(compared).toEqual([])
      const reindex = time.env.client.workflow.getHandle(SEARCH_REINDEX_ID)
      expect((await reindex.describe()).status.name).toBe('RUNNING')
      await reindex.signal(ABANDON_REINDEX)
      copying.open()
      expect(await reindex.result()).toMatchObject({ state: 'abandoned', index: 'photos-v2-a' })
    },
  )
})
