import { randomUUID } from 'node:crypto'
import type { WorkflowHandle } from '@temporalio/client'
import { ApplicationFailure, CancelledFailure } from '@temporalio/activity'
import { beforeEach, describe, expect, it } from 'vitest'
import {
  ABANDON_REINDEX,
  NOTHING_COPIED,
  NOTHING_FOUND,
  PAUSE_REINDEX,
  REINDEX_PROGRESS,
  RESUME_REINDEX,
  SEARCH_REINDEX,
  SET_REINDEX_RATE,
  type ComparisonSlice,
  type CopyInput,
  type CopySlice,
  type ReindexProgress,
  type SearchReindexInput,
  type StretchInput,
} from '../../contracts/search-reindex.ts'
import { stageAttribute } from '../../contracts/search-attributes.ts'
import { TASK_QUEUES } from '../../contracts/task-queues.ts'
import { gate, lastedMs, timeSkippingOfFile, until } from '../../../test/support/servers/time-skipping.ts'

const PHOTOS = 100
const INDEX = 'photos-v2-a'

const time = timeSkippingOfFile()
let done: string[]
let copies: CopyInput[]
let comparisons: StretchInput[]
let fakes: ReturnType<typeof happyPath>

beforeEach(() => {
  done = []
  copies = []
  comparisons = []
  fakes = happyPath()
})

/** Photos are numbers, copied forty at most and compared fifty at a time. */
function happyPath() {
  return {
    beginBuild: async () => {
      done.push('begin')
      return { index: INDEX, photos: PHOTOS }
    },
    copyDocuments: async (input: CopyInput): Promise<CopySlice> => {
      copies.push(input)
      const from = input.after === null ? 0 : Number(input.after) + 1
      const end = Math.min(from + Math.min(input.maxDocuments, 40), PHOTOS)
      const tally = { ...NOTHING_COPIED, documents: end - from }
      return { after: String(end - 1), tally, isAtEnd: end === PHOTOS }
    },
    compareBuild: async (input: StretchInput): Promise<ComparisonSlice> => {
      comparisons.push(input)
      const isAtEnd = input.after !== null
      return { after: isAtEnd ? null : '49', tally: { ...NOTHING_FOUND, compared: 50 }, isAtEnd }
    },
    swapIndexes: async ({ index }: { index: string }) => {
      done.push(`swap ${index}`)
    },
    abandonBuild: async () => {
      done.push('abandon')
    },
  }
}

type Reindex = WorkflowHandle<(input: SearchReindexInput) => Promise<ReindexProgress>>

async function start(input: Partial<SearchReindexInput> = {}): Promise<Reindex> {
  await time.serve(fakes)
  return time.env.client.workflow.start(SEARCH_REINDEX, {
    workflowId: `search-reindex/${randomUUID()}`,
    taskQueue: TASK_QUEUES.orchestration,
    args: [{ reason: 'by a test', version: 2, ...input }],
  })
}
const progressOf = (reindex: Reindex) => reindex.query<ReindexProgress>(REINDEX_PROGRESS)

describe('searchReindex', () => {
  it('copies, compares, and swaps the indexes', async () => {
    const reindex = await start()
    expect(await reindex.result()).toMatchObject({
      state: 'done',
      index: INDEX,
      photos: PHOTOS,
      copied: { documents: PHOTOS },
      verified: { compared: PHOTOS },
      rounds: 0,
    })
    expect(copies.map(({ after }) => after)).toEqual([null, '39', '79'])
    expect(comparisons.map(({ after }) => after)).toEqual([null, '49'])
    expect(done).toEqual(['begin', `swap ${INDEX}`])
    const { typedSearchAttributes } = await reindex.describe()
    expect(typedSearchAttributes.get(stageAttribute)).toBe('done')
  })

  it('keeps to its rate, also to a new one', async () => {
    const reindex = await start({ documentsPerSecond: 0.1 })
    await until(async () => copies.length > 0)
    await reindex.signal(SET_REINDEX_RATE, -5)
    await reindex.signal(SET_REINDEX_RATE, 2)
    await reindex.result()
    expect((await lastedMs(reindex)) / 1_000).toBeGreaterThan((PHOTOS - 20) / 2)
    expect(copies.slice(1).every(({ maxDocuments }) => maxDocuments === 10)).toBe(true)
  })

  it('holds while it is paused and goes on where it was', async () => {
    const [begun, copying] = [gate(), gate()]
    const { copyDocuments } = fakes
    fakes.copyDocuments = async (input) => {
      begun.open()
      await copying.opened
      return copyDocuments(input)
    }
    const reindex = await start()
    await begun.opened
    await reindex.signal(PAUSE_REINDEX)
    copying.open()
    await until(async () => (await progressOf(reindex)).copied.documents === 40)
    await time.env.sleep('1 day')
    expect(await progressOf(reindex)).toMatchObject({ state: 'paused', phase: 'copy' })
    await reindex.signal(RESUME_REINDEX)
    expect(await reindex.result()).toMatchObject({ state: 'done', copied: { documents: PHOTOS } })
  })

  it('gives its index up when it is abandoned, also while paused', async () => {
    const reindex = await start({ documentsPerSecond: 0.001 })
    await until(async () => copies.length > 0)
    await reindex.signal(PAUSE_REINDEX)
    await reindex.signal(ABANDON_REINDEX)
    expect(await reindex.result()).toMatchObject({ state: 'abandoned' })
    expect(done).toEqual(['begin', 'abandon'])
  })

  it('gives its index up when it is cancelled', async () => {
    const reindex = await start({ documentsPerSecond: 0.001 })
    await until(async () => copies.length > 0)
    await reindex.cancel()
    await expect(reindex.result()).rejects.toMatchObject({ cause: { name: CancelledFailure.name } })
    expect(done).toEqual(['begin', 'abandon'])
  })

  it('compares all again after it has repaired something', async () => {
    const { compareBuild } = fakes
    fakes.compareBuild = async (input) => {
      const slice = await compareBuild(input)
      return comparisons.length === 1
        ? { ...slice, tally: { ...slice.tally, missing: 1, repaired: 1, examples: ['7'] } }
        : slice
    }
    const reindex = await start()
    expect(await reindex.result()).toMatchObject({ state: 'done', rounds: 1, verified: { missing: 0 } })
    expect(comparisons.map(({ after }) => after)).toEqual([null, '49', null, '49'])
  })

  it('never swaps to an index that stays out of line', async () => {
    const { compareBuild } = fakes
    fakes.compareBuild = async (input) => {
      const slice = await compareBuild(input)
      return { ...slice, tally: { ...slice.tally, ahead: 1, examples: ['7'] } }
    }
    const reindex = await start()
    const failure = await reindex.result().catch((error: { cause: unknown }) => error.cause)
    expect(failure).toBeInstanceOf(ApplicationFailure)
    expect(failure).toMatchObject({ type: 'ReindexFailed', details: [{ ahead: 2, compared: PHOTOS }] })
    expect(done).toEqual(['begin', 'abandon'])
    expect(await progressOf(reindex)).toMatchObject({ state: 'failed', rounds: 2 })
  })

  it('ends when its index is gone', async () => {
    fakes.compareBuild = async () => {
      throw ApplicationFailure.create({ message: 'gone', type: 'BuildGoneError' })
    }
    const reindex = await start()
    await expect(reindex.result()).rejects.toMatchObject({ cause: { cause: { type: 'BuildGoneError' } } })
    expect(await progressOf(reindex)).toMatchObject({ state: 'failed' })
    expect(done).toEqual(['begin', 'abandon'])
  })
})
