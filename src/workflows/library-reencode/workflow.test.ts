import { randomUUID } from 'node:crypto'
import type { WorkflowHandle } from '@temporalio/client'
import { CancelledFailure } from '@temporalio/activity'
import { beforeEach, describe, expect, it } from 'vitest'
import {
  APPROVE_REENCODE,
  LIBRARY_REENCODE,
  NOTHING_REENCODED,
  PAUSE_REENCODE,
  REENCODE_PROGRESS,
  RESUME_REENCODE,
  SET_REENCODE_RATE,
  type LibraryReencodeInput,
  type ReencodeProgress,
  type ReencodeSliceInput,
  type ReencodeSliceResult,
} from '../../contracts/library-reencode.ts'
import { stageAttribute } from '../../contracts/search-attributes.ts'
import { TASK_QUEUES } from '../../contracts/task-queues.ts'
import { gate, lastedMs, timeSkippingOfFile, until } from '../../../test/support/servers/time-skipping.ts'

const MINUTE_MS = 60_000
/** Photos of the fake library, of which a canary of 10 % is the first ten. */
const PHOTOS = 100
const ONE_ADDED = { added: 1, addedBytes: 50, replaced: 1, bytesBefore: 100, bytesAfter: 70 }

const time = timeSkippingOfFile()
let slices: ReencodeSliceInput[]
let fakes: { countPhotos: () => Promise<number>; reencodeSlice: (...args: unknown[]) => Promise<unknown> }

beforeEach(() => {
  slices = []
  fakes = {
    countPhotos: async () => PHOTOS,
    reencodeSlice: async (input) => {
      slices.push(input as ReencodeSliceInput)
      return sliceOf(input as ReencodeSliceInput)
    },
  }
})

/** Photos are numbers; each takes its turn, and all of them need something. */
function sliceOf({ share, after, maxPhotos }: ReencodeSliceInput): ReencodeSliceResult {
  const first = after === undefined ? share.from / 100 : Number(after) + 1
  const last = Math.min(first + maxPhotos, share.below / 100) - 1
  const photos = last - first + 1
  const variant = Object.fromEntries(Object.entries(ONE_ADDED).map(([name, each]) => [name, each * photos]))
  return {
    after: String(last),
    tally: {
      ...NOTHING_REENCODED,
      seen: photos,
      rendered: photos,
      variants: { 'thumb_200.webp': variant as never },
    },
    isAtEnd: last === share.below / 100 - 1,
  }
}

type Reencode = WorkflowHandle<(input: LibraryReencodeInput) => Promise<ReencodeProgress>>

async function start(input: Partial<LibraryReencodeInput> = {}): Promise<Reencode> {
  await time.serve(fakes)
  return time.env.client.workflow.start(LIBRARY_REENCODE, {
    workflowId: `library-reencode/${randomUUID()}`,
    taskQueue: TASK_QUEUES.orchestration,
    args: [{ selection: { purge: true }, canary: 0, photosPerMinute: 6_000, ...input }],
  })
}
const progressOf = (reencode: Reencode) => reencode.query<ReencodeProgress>(REENCODE_PROGRESS)
const reaches = (reencode: Reencode, state: ReencodeProgress['state']) =>
  until(async () => (await progressOf(reencode)).state === state)

describe('libraryReencode', () => {
  it('goes through the library and reports what it made and saved', async () => {
    const reencode = await start({ photosPerMinute: 120 })
    const result = await reencode.result()
    expect(result).toMatchObject({ state: 'done', photos: PHOTOS, bytesSaved: 30 * PHOTOS })
    expect(result.tally).toMatchObject({
      seen: PHOTOS,
      rendered: PHOTOS,
      variants: { 'thumb_200.webp': { added: PHOTOS, addedBytes: 50 * PHOTOS, replaced: PHOTOS } },
    })
    // Twenty photos are what the rate allows in ten seconds.
    expect(slices.map(({ after }) => after)).toEqual([undefined, '19', '39', '59', '79'])
    const { typedSearchAttributes } = await reencode.describe()
    expect(typedSearchAttributes.get(stageAttribute)).toBe('done')
  })

  it('keeps to its rate, also to a new one', async () => {
    const reencode = await start({ photosPerMinute: 6 })
    await until(async () => slices.length > 0)
    await reencode.signal(SET_REENCODE_RATE, -5)
    await reencode.signal(SET_REENCODE_RATE, 30)
    await reencode.result()
    const minutes = (await lastedMs(reencode)) / MINUTE_MS
    expect(minutes).toBeGreaterThan((PHOTOS - 10) / 30)
    expect(minutes).toBeLessThan(PHOTOS / 30 + 1)
  })

  it('waits for an approval after its canary, whatever time passes', async () => {
    const reencode = await start({ canary: 1_000 })
    await reaches(reencode, 'approval')
    await time.env.sleep('30 days')
    expect(await progressOf(reencode)).toMatchObject({ state: 'approval', canary: { rendered: 10 } })
    expect(slices.map(({ share }) => share)).toEqual([{ from: 0, below: 1_000 }])
    await reencode.signal(APPROVE_REENCODE)
    expect(await reencode.result()).toMatchObject({
      state: 'done',
      canary: { rendered: 10 },
      tally: { rendered: PHOTOS },
    })
    expect(slices[1]).toMatchObject({ share: { from: 1_000, below: 10_000 } })
    expect(slices[1]!.after).toBeUndefined()
  })

  it('goes on after its canary by itself if told so', async () => {
    const reencode = await start({ canary: 1_000, approveAfterMs: 60 * MINUTE_MS })
    expect(await reencode.result()).toMatchObject({ state: 'done', tally: { rendered: PHOTOS } })
    expect(await lastedMs(reencode)).toBeGreaterThanOrEqual(60 * MINUTE_MS)
  })

  it('holds while it is paused and goes on where it was', async () => {
    const [begun, slicing] = [gate(), gate()]
    const { reencodeSlice } = fakes
    fakes.reencodeSlice = async (input) => {
      begun.open()
      await slicing.opened
      return reencodeSlice(input)
    }
    const reencode = await start({ photosPerMinute: 60 })
    await begun.opened
    await reencode.signal(PAUSE_REENCODE)
    slicing.open()
    await until(async () => (await progressOf(reencode)).tally.seen === 10)
    await time.env.sleep('1 day')
    expect(await progressOf(reencode)).toMatchObject({ state: 'paused', tally: { seen: 10 } })
    await reencode.signal(RESUME_REENCODE)
    expect(await reencode.result()).toMatchObject({ state: 'done', tally: { seen: PHOTOS } })
    expect(slices[1]!.after).toBe('9')
  })

  it('ends when it is cancelled, with what it has done', async () => {
    const reencode = await start({ canary: 1_000 })
    await reaches(reencode, 'approval')
    await reencode.cancel()
    await expect(reencode.result()).rejects.toMatchObject({ cause: { name: CancelledFailure.name } })
    expect(await progressOf(reencode)).toMatchObject({ state: 'cancelled', tally: { rendered: 10 } })
  })

  it('carries on under a new run what the run before had reached', async () => {
    const resume = {
      phase: 'library',
      after: '97',
      tally: { ...NOTHING_REENCODED, seen: 88, rendered: 88 },
      canary: { ...NOTHING_REENCODED, rendered: 10 },
      isPaused: false,
      isApproved: true,
      photosPerMinute: 60,
      photos: PHOTOS,
    } as const
    const reencode = await start({ canary: 1_000, resume })
    expect(await reencode.result()).toMatchObject({
      photosPerMinute: 60,
      tally: { seen: 90 },
      photos: PHOTOS,
    })
    expect(slices).toEqual([expect.objectContaining({ after: '97', share: { from: 1_000, below: 10_000 } })])
  })
})
