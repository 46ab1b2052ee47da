import { randomUUID } from 'node:crypto'
import { ApplicationFailure, CancelledFailure } from '@temporalio/activity'
import type { WorkflowHandle } from '@temporalio/client'
import { beforeEach, describe, expect, it } from 'vitest'
import {
  EMBEDDING_PROGRESS,
  LIBRARY_EMBEDDING,
  NOTHING_EMBEDDED,
  PAUSE_EMBEDDING,
  RESUME_EMBEDDING,
  SET_EMBEDDING_RATE,
  type EmbeddingSliceInput,
  type EmbeddingSliceResult,
  type LibraryEmbeddingInput,
  type LibraryEmbeddingProgress,
} from '../../contracts/library-embedding.ts'
import { stageAttribute } from '../../contracts/search-attributes.ts'
import { TASK_QUEUES } from '../../contracts/task-queues.ts'
import { gate, lastedMs, timeSkippingOfFile, until } from '../../../test/support/servers/time-skipping.ts'

const MINUTE_MS = 60_000
const PHOTOS = 100

const time = timeSkippingOfFile()
let slices: EmbeddingSliceInput[]
let fakes: Record<string, (...args: never[]) => Promise<unknown>>

beforeEach(() => {
  slices = []
  fakes = {
    surveyEmbeddings: async () => ({ model: 'm/1', photos: PHOTOS }),
    embedSlice: async (input: EmbeddingSliceInput) => {
      slices.push(input)
      return sliceOf(input)
    },
  }
})

/** Photos are numbers; each takes its turn, and every one of them is embedded. */
function sliceOf({ after, maxPhotos }: EmbeddingSliceInput): EmbeddingSliceResult {
  const first = after === undefined ? 0 : Number(after) + 1
  const last = Math.min(first + maxPhotos, PHOTOS) - 1
  const photos = last - first + 1
  const tally = { ...NOTHING_EMBEDDED, seen: photos, embedded: photos }
  return { after: String(last), tally, isAtEnd: last === PHOTOS - 1 }
}

type Embedding = WorkflowHandle<(input: LibraryEmbeddingInput) => Promise<LibraryEmbeddingProgress>>

async function start(input: Partial<LibraryEmbeddingInput> = {}): Promise<Embedding> {
  await time.serve(fakes)
  return time.env.client.workflow.start(LIBRARY_EMBEDDING, {
    workflowId: `library-embedding/${randomUUID()}`,
    taskQueue: TASK_QUEUES.orchestration,
    args: [{ photosPerMinute: 6_000, ...input }],
  })
}

const progressOf = (embedding: Embedding) => embedding.query<LibraryEmbeddingProgress>(EMBEDDING_PROGRESS)

describe('libraryEmbedding', () => {
  it('goes through the library in even slices', async () => {
    const embedding = await start({ photosPerMinute: 120 })
    expect(await embedding.result()).toMatchObject({
      state: 'done',
      model: 'm/1',
      photos: PHOTOS,
      tally: { seen: PHOTOS, embedded: PHOTOS },
    })
    // Twenty photos are what the rate allows in ten seconds.
    expect(slices.map(({ after }) => after)).toEqual([undefined, '19', '39', '59', '79'])
    expect(slices.every(({ model }) => model === 'm/1')).toBe(true)
    const { typedSearchAttributes } = await embedding.describe()
    expect(typedSearchAttributes.get(stageAttribute)).toBe('done')
  })

  it('keeps to its rate, also to a new one', async () => {
    const embedding = await start({ photosPerMinute: 6 })
    await until(async () => slices.length > 0)
    await embedding.signal(SET_EMBEDDING_RATE, -5)
    await embedding.signal(SET_EMBEDDING_RATE, 30)
    await embedding.result()
    const minutes = (await lastedMs(embedding)) / MINUTE_MS
    expect(minutes).toBeGreaterThan((PHOTOS - 10) / 30)
    expect(minutes).toBeLessThan(PHOTOS / 30 + 1)
  })

  /** Another model answers for half of the photos of these slices, counted from 1. */
  function stray(isOf: (slice: number) => boolean): void {
    const embedSlice = fakes.embedSlice!
    fakes.embedSlice = async (input: EmbeddingSliceInput) => {
      const { tally, ...reached } = (await embedSlice(input as never)) as EmbeddingSliceResult
      return { ...reached, tally: { ...tally, strayed: isOf(slices.length) ? tally.embedded / 2 : 0 } }
    }
  }

  it('goes through the library once more if the model changes meanwhile', async () => {
    stray((slice) => slice >= 3 && slice <= 5)
    const models = ['m/1', 'm/2']
    fakes.surveyEmbeddings = async () => ({ model: models.shift(), photos: PHOTOS })
    const embedding = await start({ photosPerMinute: 120 })
    expect(await embedding.result()).toMatchObject({
      state: 'done',
      model: 'm/2',
      tally: { seen: PHOTOS, strayed: 0 },
    })
    const places = [undefined, '19', '39', '59', '79']
    expect(slices.map(({ model, after }) => [model, after])).toEqual([
      ...places.map((after) => ['m/1', after]),
      ...places.map((after) => ['m/2', after]),
    ])
  })

  it('ends after the second time where two models answer in turns', async () => {
    stray(() => true)
    const embedding = await start({ photosPerMinute: 6_000 })
    expect(await embedding.result()).toMatchObject({
      state: 'done',
      tally: { seen: PHOTOS, embedded: PHOTOS, strayed: PHOTOS / 2 },
    })
    expect(slices.map(({ after }) => after)).toEqual([undefined, undefined])
  })

  it('goes on in a new run with the second time, and begins no third', async () => {
    stray(() => true)
    const tally = { ...NOTHING_EMBEDDED, seen: 98, embedded: 98, strayed: 1 }
    const resume = { model: 'm/2', isAgain: true, after: '97', tally, isPaused: false }
    const embedding = await start({ resume: { ...resume, photosPerMinute: 60, photos: PHOTOS } })
    expect(await embedding.result()).toMatchObject({ state: 'done', tally: { seen: PHOTOS, strayed: 2 } })
    expect(slices).toHaveLength(1)
  })

  it('holds while it is paused and goes on where it was', async () => {
    const [begun, slicing] = [gate(), gate()]
    const embedSlice = fakes.embedSlice!
    fakes.embedSlice = async (...args) => {
      begun.open()
      await slicing.opened
      return embedSlice(...args)
    }
    const embedding = await start({ photosPerMinute: 60 })
    await begun.opened
    await embedding.signal(PAUSE_EMBEDDING)
    slicing.open()
    await until(async () => (await progressOf(embedding)).tally.seen === 10)
    await time.env.sleep('1 day')
    expect(await progressOf(embedding)).toMatchObject({ state: 'paused', tally: { seen: 10 } })
    await embedding.signal(RESUME_EMBEDDING)
    expect(await embedding.result()).toMatchObject({ state: 'done', tally: { seen: PHOTOS } })
    expect(slices[1]!.after).toBe('9')
  })

  it('waits for a service that is away', async () => {
    let failures = 5
    const embedSlice = fakes.embedSlice!
    fakes.embedSlice = async (...args) => {
      if (failures-- > 0) throw new Error('the embedder is away')
      return embedSlice(...args)
    }
    expect(await (await start()).result()).toMatchObject({ state: 'done', tally: { embedded: PHOTOS } })
  })

  it('fails where no embedder is named, and says so', async () => {
    fakes.surveyEmbeddings = async () => {
      throw ApplicationFailure.nonRetryable('EMBEDDING_URL of this worker names no service.', 'BadRequest')
    }
    const embedding = await start()
    await expect(embedding.result()).rejects.toThrow()
    expect(await progressOf(embedding)).toMatchObject({ state: 'failed' })
  })

  it('ends when it is cancelled, with what it has done', async () => {
    const embedding = await start({ photosPerMinute: 6 })
    await until(async () => slices.length > 0)
    await embedding.cancel()
    await expect(embedding.result()).rejects.toMatchObject({ cause: { name: CancelledFailure.name } })
    expect(await progressOf(embedding)).toMatchObject({ state: 'cancelled', tally: { embedded: 1 } })
  })

  it('carries on under a new run what the run before had reached', async () => {
    const resume = {
      model: 'm/1',
      after: '97',
      tally: { ...NOTHING_EMBEDDED, seen: 98, embedded: 98 },
      isPaused: false,
      photosPerMinute: 60,
      photos: PHOTOS,
    }
    const embedding = await start({ resume })
    expect(await embedding.result()).toMatchObject({ tally: { seen: PHOTOS }, photos: PHOTOS })
    expect(slices).toEqual([expect.objectContaining({ after: '97', model: 'm/1' })])
  })
})
