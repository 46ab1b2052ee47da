import { beforeEach, describe, expect, it } from 'vitest'
import {
  ACCOUNT_ERASURE,
  ACCOUNT_ERASURE_PROGRESS,
  accountErasureWorkflowId,
  ERASURE_CHANGED,
  type AccountErasureInput,
  type AccountErasureProgress,
} from '../../contracts/account-erasure.ts'
import type { LeavingActivities } from '../../contracts/activities/leaving.ts'
import { TASK_QUEUES } from '../../contracts/task-queues.ts'
import { gate, lastedMs, timeSkippingOfFile, until } from '../../../test/support/servers/time-skipping.ts'

const DAY_MS = 24 * 60 * 60 * 1000
const time = timeSkippingOfFile()
const STEPS = ['photos', 'likes', 'rows']

/** The row: when the erasure starts by the clock of the environment; null once the account has come back or is erased. */
let startsAt: number | null
let isStarted: boolean
/** What is stored, by step: pieces that are left. */
let stored: Record<string, number>
let calls: string[]
let fakes: LeavingActivities
let users = 0

beforeEach(() => {
  startsAt = null
  isStarted = false
  stored = { photos: 3, likes: 1, rows: 2 }
  calls = []
  fakes = {
    beginErasure: async () => {
      if (startsAt === null) return { state: 'none' }
      const msLeft = startsAt - (await time.env.currentTimeMs())
      if (!isStarted && msLeft > 0) return { state: 'waiting', msLeft }
      isStarted = true
      return { state: 'begun', erasureId: 'e', steps: STEPS }
    },
    eraseStep: async ({ step }) => {
      calls.push(step)
      if (stored[step]! > 0) stored[step]!--
      return { state: stored[step]! > 0 ? 'more' : 'done' }
    },
    verifyErasure: async () => {
      calls.push('verify')
      return { left: STEPS.filter((step) => stored[step]! > 0) }
    },
    completeErasure: async () => {
      calls.push('complete')
      startsAt = null
    },
  }
})

async function start() {
  await time.serve({ ...fakes })
  const userId = String(++users)
  return time.env.client.workflow.signalWithStart<
    (input: AccountErasureInput) => Promise<AccountErasureProgress>,
    []
  >(ACCOUNT_ERASURE, {
    workflowId: accountErasureWorkflowId(userId),
    taskQueue: TASK_QUEUES.orchestration,
    args: [{ userId }],
    signal: ERASURE_CHANGED,
    signalArgs: [],
  })
}

const inDays = async (days: number) => (await time.env.currentTimeMs()) + days * DAY_MS

describe('accountErasure', () => {
  it('waits for the days of grace, then erases step by step', async () => {
    startsAt = await inDays(14)
    const erasure = await start()
    expect(await erasure.result()).toEqual({ state: 'done', rounds: 0 })
    expect(Math.round((await lastedMs(erasure)) / DAY_MS)).toBe(14)
    expect(calls).toEqual(['photos', 'photos', 'photos', 'likes', 'rows', 'rows', 'verify', 'complete'])
  })

  it('ends when the account signs in before', async () => {
    startsAt = await inDays(14)
    const erasure = await start()
    await until(
      async () =>
        (await erasure.query<AccountErasureProgress>(ACCOUNT_ERASURE_PROGRESS)).startsAt !== undefined,
    )
    startsAt = null
    await erasure.signal(ERASURE_CHANGED)
    expect(await erasure.result()).toEqual({ state: 'cancelled', rounds: 0 })
    // Not when it looks by itself.
    expect(await lastedMs(erasure)).toBeLessThan(DAY_MS)
    expect(calls).toEqual([])
  })

  it('ends at its time when nobody told it that the account is back', async () => {
    startsAt = await inDays(14)
    const erasure = await start()
    await until(
      async () =>
        (await erasure.query<AccountErasureProgress>(ACCOUNT_ERASURE_PROGRESS)).startsAt !== undefined,
    )
    startsAt = null
    expect(await erasure.result()).toEqual({ state: 'cancelled', rounds: 0 })
    expect(Math.round((await lastedMs(erasure)) / DAY_MS)).toBe(14)
  })

  it('goes by the last request of an account that came back between', async () => {
    startsAt = await inDays(14)
    const erasure = await start()
    await until(
      async () =>
        (await erasure.query<AccountErasureProgress>(ACCOUNT_ERASURE_PROGRESS)).startsAt !== undefined,
    )
    startsAt = await inDays(30)
    await erasure.signal(ERASURE_CHANGED)
    expect(await erasure.result()).toMatchObject({ state: 'done' })
    expect(Math.round((await lastedMs(erasure)) / DAY_MS)).toBe(30)
  })

  it('comes through a death at each step, which did its work', async () => {
    startsAt = await time.env.currentTimeMs()
    const died = new Set<string>()
    /** The worker dies after the effect and before it can say so, once for each call that differs. */
    const dying = <Args extends unknown[], Result>(name: string, work: (...args: Args) => Promise<Result>) =>
      (async (...args: Args) => {
        const result = await work(...args)
        const key = `${name} ${JSON.stringify(args)}`
        if (died.has(key)) return result
        died.add(key)
        throw new Error('the worker died')
      }) as (...args: Args) => Promise<Result>
    fakes = {
      beginErasure: dying('begin', fakes.beginErasure),
      eraseStep: dying('erase', fakes.eraseStep),
      verifyErasure: dying('verify', fakes.verifyErasure),
      completeErasure: dying('complete', fakes.completeErasure),
    }
    const erasure = await start()
    expect(await erasure.result()).toMatchObject({ state: 'done' })
    expect(stored).toEqual({ photos: 0, likes: 0, rows: 0 })
    expect(died.size).toBe(6)
  })

  it('waits for what others have under way, and looks again', async () => {
    startsAt = await time.env.currentTimeMs()
    let waits = 5
    const erase = fakes.eraseStep
    fakes.eraseStep = async (input) =>
      input.step === 'photos' && waits-- > 0 ? { state: 'waiting' } : erase(input)
    const erasure = await start()
    expect(await erasure.result()).toMatchObject({ state: 'done', rounds: 0 })
    // 1, 2, 4, 8 and 16 seconds.
    expect(await lastedMs(erasure)).toBeGreaterThanOrEqual(31_000)
  })

  it('goes through everything again while a look finds something left', async () => {
    startsAt = await time.env.currentTimeMs()
    const { verifyErasure } = fakes
    let looks = 0
    fakes.verifyErasure = async (input) => {
      // What was written late, by a request that had begun before.
      if (++looks <= 2) stored.likes = 1
      return verifyErasure(input)
    }
    expect(await (await start()).result()).toEqual({ state: 'done', rounds: 2 })
    expect(calls.filter((call) => call === 'likes')).toHaveLength(3)
    expect(calls.slice(-2)).toEqual(['verify', 'complete'])
  })

  it('is not stopped by a signal once it has begun', async () => {
    startsAt = await time.env.currentTimeMs()
    const [began, goOn] = [gate(), gate()]
    const erase = fakes.eraseStep
    fakes.eraseStep = async (input) => {
      began.open()
      await goOn.opened
      return erase(input)
    }
    const erasure = await start()
    await began.opened
    await erasure.signal(ERASURE_CHANGED)
    goOn.open()
    expect(await erasure.result()).toMatchObject({ state: 'done' })
  })
})
