import { randomUUID } from 'node:crypto'
import { CancelledFailure } from '@temporalio/activity'
import type { WorkflowHandle } from '@temporalio/client'
import { beforeEach, describe, expect, it } from 'vitest'
import {
  APPROVE_SCREENING,
  LIBRARY_SCREENING,
  NOTHING_SCREENED,
  PAUSE_SCREENING,
  RESUME_SCREENING,
  SCREENING_PROGRESS,
  SET_SCREENING_RATE,
  type LibraryScreeningInput,
  type LibraryScreeningProgress,
  type ScreeningSliceInput,
  type ScreeningSliceResult,
} from '../../contracts/library-screening.ts'
import { stageAttribute } from '../../contracts/search-attributes.ts'
import { TASK_QUEUES } from '../../contracts/task-queues.ts'
import { gate, lastedMs, timeSkippingOfFile, until } from '../../../test/support/servers/time-skipping.ts'

const MINUTE_MS = 60_000
/** Photos of the fake library, of which a canary of 10 % is the first ten. */
const PHOTOS = 100
const PRESENT = { policyVersion: 'p2', modelVersion: 'm1' }

const time = timeSkippingOfFile()
let slices: ScreeningSliceInput[]
let fakes: Record<string, (...args: never[]) => Promise<unknown>>

beforeEach(() => {
  slices = []
  fakes = {
    surveyLibrary: async () => ({ present: PRESENT, photos: PHOTOS }),
    screenSlice: async (input: ScreeningSliceInput) => {
      slices.push(input)
      return sliceOf(input)
    },
  }
})

/** Photos are numbers; each takes its turn, and every one of them is limited anew. */
function sliceOf({ share, after, maxPhotos }: ScreeningSliceInput): ScreeningSliceResult {
  const first = after === undefined ? share.from / 100 : Number(after) + 1
  const last = Math.min(first + maxPhotos, share.below / 100) - 1
  const photos = last - first + 1
  const tally = { ...NOTHING_SCREENED, seen: photos, screened: photos, changes: { 'allow->limit': photos } }
  return { after: String(last), tally, isAtEnd: last === share.below / 100 - 1 }
}

type Screening = WorkflowHandle<(input: LibraryScreeningInput) => Promise<LibraryScreeningProgress>>

async function start(input: Partial<LibraryScreeningInput> = {}): Promise<Screening> {
  await time.serve(fakes)
  return time.env.client.workflow.start(LIBRARY_SCREENING, {
    workflowId: `library-screening/${randomUUID()}`,
    taskQueue: TASK_QUEUES.orchestration,
    args: [{ all: false, canary: 0, photosPerMinute: 6_000, ...input }],
  })
}

const progressOf = (screening: Screening) => screening.query<LibraryScreeningProgress>(SCREENING_PROGRESS)
const reaches = (screening: Screening, state: LibraryScreeningProgress['state']) =>
  until(async () => (await progressOf(screening)).state === state)

describe('libraryScreening', () => {
  it('goes through the library and reports what changed', async () => {
    const screening = await start({ photosPerMinute: 120 })
    const result = await screening.result()
    expect(result).toMatchObject({ state: 'done', photos: PHOTOS, present: PRESENT })
    expect(result.tally).toMatchObject({ screened: PHOTOS, changes: { 'allow->limit': PHOTOS } })
    // Twenty photos are what the rate allows in ten seconds.
    expect(slices.map(({ after }) => after)).toEqual([undefined, '19', '39', '59', '79'])
    expect(slices.every(({ isTrial, present }) => !isTrial && present.policyVersion === 'p2')).toBe(true)
    const { typedSearchAttributes } = await screening.describe()
    expect(typedSearchAttributes.get(stageAttribute)).toBe('done')
  })

  it('keeps to its rate, also to a new one', async () => {
    const screening = await start({ photosPerMinute: 6 })
    await until(async () => slices.length > 0)
    await screening.signal(SET_SCREENING_RATE, -5)
    await screening.signal(SET_SCREENING_RATE, 30)
    await screening.result()
    const minutes = (await lastedMs(screening)) / MINUTE_MS
    expect(minutes).toBeGreaterThan((PHOTOS - 10) / 30)
    expect(minutes).toBeLessThan(PHOTOS / 30 + 1)
  })

  it('tries a share, waits for an approval, and screens all of it then', async () => {
    const screening = await start({ canary: 1_000 })
    await reaches(screening, 'approval')
    await time.env.sleep('30 days')
    expect(await progressOf(screening)).toMatchObject({
      state: 'approval',
      canary: { screened: 10 },
      tally: { screened: 0 },
    })
    expect(slices.map(({ share, isTrial }) => [share.below, isTrial])).toEqual([[1_000, true]])
    await screening.signal(APPROVE_SCREENING)
    expect(await screening.result()).toMatchObject({ state: 'done', tally: { screened: PHOTOS } })
    expect(slices[1]).toMatchObject({ share: { from: 0, below: 10_000 }, isTrial: false })
    expect(slices[1]!.after).toBeUndefined()
  })

  it('holds while it is paused and goes on where it was', async () => {
    const [begun, slicing] = [gate(), gate()]
    const screenSlice = fakes.screenSlice!
    fakes.screenSlice = async (...args) => {
      begun.open()
      await slicing.opened
      return screenSlice(...args)
    }
    const screening = await start({ photosPerMinute: 60 })
    await begun.opened
    await screening.signal(PAUSE_SCREENING)
    slicing.open()
    await until(async () => (await progressOf(screening)).tally.seen === 10)
    await time.env.sleep('1 day')
    expect(await progressOf(screening)).toMatchObject({ state: 'paused', tally: { seen: 10 } })
    await screening.signal(RESUME_SCREENING)
    expect(await screening.result()).toMatchObject({ state: 'done', tally: { seen: PHOTOS } })
    expect(slices[1]!.after).toBe('9')
  })

  it('ends when it is cancelled, with what it has done', async () => {
    const screening = await start({ canary: 1_000 })
    await reaches(screening, 'approval')
    await screening.cancel()
    await expect(screening.result()).rejects.toMatchObject({ cause: { name: CancelledFailure.name } })
    expect(await progressOf(screening)).toMatchObject({ state: 'cancelled', canary: { screened: 10 } })
  })

  it('carries on under a new run what the run before had reached', async () => {
    const resume = {
      phase: 'library',
      present: PRESENT,
      after: '97',
      tally: { ...NOTHING_SCREENED, seen: 98, screened: 98 },
      isPaused: false,
      isApproved: true,
      photosPerMinute: 60,
      photos: PHOTOS,
    } as const
    const screening = await start({ resume })
    expect(await screening.result()).toMatchObject({ tally: { seen: PHOTOS }, photos: PHOTOS })
    expect(slices).toEqual([expect.objectContaining({ after: '97', present: PRESENT })])
  })
})
