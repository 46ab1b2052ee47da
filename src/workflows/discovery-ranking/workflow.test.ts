import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { DISCOVERY_RANKING, type DiscoveryRankingResult } from '../../contracts/discovery-ranking.ts'
import { TASK_QUEUES } from '../../contracts/task-queues.ts'
import { timeSkippingOfFile } from '../../../test/support/servers/time-skipping.ts'

const time = timeSkippingOfFile()

const start = () =>
  time.env.client.workflow.start<() => Promise<DiscoveryRankingResult>>(DISCOVERY_RANKING, {
    workflowId: `discovery-ranking/${randomUUID()}`,
    taskQueue: TASK_QUEUES.orchestration,
  })

describe('discoveryRanking', () => {
  it('ranks tags and photos as of the same moment, which a retry keeps', async () => {
    const moments: number[] = []
    let failures = 1
    await time.serve({
      rankTags: async ({ now }: { now: number }) => {
        moments.push(now)
        if (failures-- > 0) throw new Error('the database is away')
        return 7
      },
      rankPhotos: async ({ now }: { now: number }) => {
        moments.push(now)
        return 30
      },
    })
    expect(await (await start()).result()).toEqual({ tags: 7, photos: 30 })
    expect(moments).toHaveLength(3)
    expect(new Set(moments).size).toBe(1)
  })

  it('fails once all tries of one ranking have, with the other one made', async () => {
    let tries = 0
    let ranked = 0
    await time.serve({
      rankTags: async () => {
        tries++
        throw new Error('the database is away')
      },
      rankPhotos: async () => ++ranked,
    })
    await expect((await start()).result()).rejects.toThrow()
    expect([tries, ranked]).toEqual([5, 1])
  })
})
