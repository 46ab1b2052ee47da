import { beforeEach, describe, expect, it } from 'vitest'
import {
  ACCOUNT_STANDING,
  ACCOUNT_STANDING_PROGRESS,
  accountStandingWorkflowId,
  STANDING_CHANGED,
  type AccountStandingInput,
  type AccountStandingProgress,
} from '../../contracts/account-standing.ts'
import { TASK_QUEUES } from '../../contracts/task-queues.ts'
import { DAY_MS } from '../../domain/moderation.ts'
import { gate, timeSkippingOfFile, until } from '../../../test/support/servers/time-skipping.ts'

const time = timeSkippingOfFile()
/** When each suspension or strike ends, by the clock of the environment. */
let ends: number[]
let reviewedAt: number[]
let fakes: { reviewAccountStanding: () => Promise<{ msLeft: number | null }> }
let users = 0

beforeEach(() => {
  ends = []
  reviewedAt = []
  fakes = {
    reviewAccountStanding: async () => {
      const now = await time.env.currentTimeMs()
      reviewedAt.push(now)
      const next = Math.min(...ends.filter((end) => end > now))
      return { msLeft: Number.isFinite(next) ? next - now : null }
    },
  }
})

async function start() {
  await time.serve(fakes)
  const userId = String(++users)
  return time.env.client.workflow.signalWithStart<
    (input: AccountStandingInput) => Promise<AccountStandingProgress>,
    []
  >(ACCOUNT_STANDING, {
    workflowId: accountStandingWorkflowId(userId),
    taskQueue: TASK_QUEUES.orchestration,
    args: [{ userId }],
    signal: STANDING_CHANGED,
    signalArgs: [],
  })
}

describe('accountStanding', () => {
  it('comes back at each end, and is done after the last', async () => {
    const beganAt = await time.env.currentTimeMs()
    ends = [beganAt + 7 * DAY_MS, beganAt + 90 * DAY_MS]
    expect(await (await start()).result()).toEqual({ state: 'done' })
    const days = reviewedAt.map((at) => Math.round((at - beganAt) / DAY_MS))
    expect([...new Set(days)]).toEqual([0, 7, 90])
  })

  it('is done at once where nothing ends', async () => {
    expect(await (await start()).result()).toEqual({ state: 'done' })
  })

  it('looks again when it is told of news while it waits', async () => {
    const beganAt = await time.env.currentTimeMs()
    ends = [beganAt + 90 * DAY_MS]
    const standing = await start()
    const nextAt = async () =>
      (await standing.query<AccountStandingProgress>(ACCOUNT_STANDING_PROGRESS)).nextAt
    await until(async () => (await nextAt()) !== undefined)
    ends = []
    await standing.signal(STANDING_CHANGED)
    expect(await standing.result()).toEqual({ state: 'done' })
    expect(reviewedAt.at(-1)! - beganAt).toBeLessThan(DAY_MS)
  })

  it('looks again when it is told of news while it looks', async () => {
    const [began, goOn] = [gate(), gate()]
    const { reviewAccountStanding } = fakes
    fakes.reviewAccountStanding = async () => {
      began.open()
      await goOn.opened
      return reviewAccountStanding()
    }
    const standing = await start()
    await began.opened
    await standing.signal(STANDING_CHANGED)
    goOn.open()
    expect(await standing.result()).toEqual({ state: 'done' })
    expect(reviewedAt.length).toBeGreaterThan(1)
  })
})
