import { randomUUID } from 'node:crypto'
import { ApplicationFailure } from '@temporalio/activity'
import type { WorkflowHandle } from '@temporalio/client'
import { beforeEach, describe, expect, it } from 'vitest'
import { PERMANENT_FAILURES } from '../../contracts/activity-options.ts'
import {
  DECIDE_MODERATION,
  MODERATION_STATE,
  PHOTO_MODERATION,
  type ModerationOutcome,
  type ModerationPlan,
  type ModerationState,
  type PhotoModerationInput,
} from '../../contracts/photo-moderation.ts'
import { TASK_QUEUES } from '../../contracts/task-queues.ts'
import { lastedMs, timeSkippingOfFile, until } from '../../../test/support/servers/time-skipping.ts'

const MINUTE_MS = 60_000
const time = timeSkippingOfFile()
let calls: string[]
/** How long the classifier is away, from the beginning on. */
let outageMs: number
let fakes: Record<string, (...args: never[]) => Promise<unknown>>

beforeEach(() => {
  calls = []
  outageMs = 0
  let backAtMs: number | undefined
  fakes = {
    screenPhoto: async () => {
      const nowMs = await time.env.currentTimeMs()
      backAtMs ??= nowMs + outageMs
      if (nowMs < backAtMs) throw new Error('the classifier is away')
      calls.push('screen')
      return { outcome: 'verdict', verdict: 'limit', attempts: 1 }
    },
    escalateScreening: async () => void calls.push('escalate'),
    recordDecision: async ({ verdict }: { verdict: string }) => {
      calls.push(`decide ${verdict}`)
      return { outcome: 'verdict', verdict, attempts: 1 }
    },
  }
})

type Moderation = WorkflowHandle<(input: PhotoModerationInput) => Promise<ModerationOutcome>>

async function start(plan: Partial<ModerationPlan> = {}): Promise<Moderation> {
  await time.serve(fakes)
  const photoId = randomUUID()
  return time.env.client.workflow.start(PHOTO_MODERATION, {
    workflowId: `moderation/${photoId}`,
    taskQueue: TASK_QUEUES.orchestration,
    args: [
      {
        photoId,
        ownerId: '7',
        plan: { mode: 'pre', escalateAfterMs: 30 * MINUTE_MS, onOutage: 'hold', ...plan },
      },
    ],
  })
}

const stateOf = (moderation: Moderation) => moderation.query<ModerationState>(MODERATION_STATE)
const reaches = (moderation: Moderation, state: ModerationState) =>
  until(async () => (await stateOf(moderation)) === state)

describe('photoModeration', () => {
  it('returns the verdict', async () => {
    const moderation = await start()
    expect(await moderation.result()).toEqual({ outcome: 'verdict', verdict: 'limit' })
    expect(calls).toEqual(['screen'])
    expect(await stateOf(moderation)).toBe('done')
  })

  it('ends when the photo is gone', async () => {
    fakes.screenPhoto = async () => ({ outcome: 'gone' })
    expect(await (await start()).result()).toEqual({ outcome: 'gone' })
  })

  it('tells nobody of an outage that is over in time', async () => {
    outageMs = 20 * MINUTE_MS
    expect(await (await start()).result()).toMatchObject({ verdict: 'limit' })
    expect(calls).toEqual(['screen'])
  })

  it('tells people of a longer outage, and goes on trying', async () => {
    outageMs = 24 * 60 * MINUTE_MS
    expect(await (await start()).result()).toMatchObject({ verdict: 'limit' })
    expect(calls).toEqual(['escalate', 'screen'])
  })

  it('gives up a photo that waits if the policy says so, and tells people', async () => {
    outageMs = 24 * 60 * MINUTE_MS
    const moderation = await start({ onOutage: 'publish' })
    expect(await moderation.result()).toEqual({ outcome: 'undecided' })
    expect(calls).toEqual(['escalate'])
  })

  it('gives up a published photo after a week, whatever the policy says', async () => {
    outageMs = 30 * 24 * 60 * MINUTE_MS
    const moderation = await start({ mode: 'post' })
    expect(await moderation.result()).toEqual({ outcome: 'undecided' })
    expect(calls).toEqual(['escalate'])
    expect(await lastedMs(moderation)).toBeGreaterThanOrEqual(7 * 24 * 60 * MINUTE_MS)
  })

  it('holds a photo that nothing can be said of until a person decides', async () => {
    fakes.screenPhoto = async () => {
      throw ApplicationFailure.nonRetryable('damaged', PERMANENT_FAILURES.invalidImage)
    }
    const moderation = await start()
    await reaches(moderation, 'escalated')
    await time.env.sleep('30 days')
    expect(await stateOf(moderation)).toBe('escalated')
    await moderation.signal(DECIDE_MODERATION, 'allow')
    expect(await moderation.result()).toEqual({ outcome: 'verdict', verdict: 'allow' })
    expect(calls).toEqual(['escalate', 'decide allow'])
  })

  it('takes the word of a person during an outage', async () => {
    outageMs = 24 * 60 * MINUTE_MS
    const moderation = await start()
    await time.env.sleep('40 minutes')
    await reaches(moderation, 'escalated')
    await moderation.signal(DECIDE_MODERATION, 'quarantined')
    await moderation.signal(DECIDE_MODERATION, 'quarantine')
    await moderation.signal(DECIDE_MODERATION, 'allow')
    expect(await moderation.result()).toEqual({ outcome: 'verdict', verdict: 'quarantine' })
    expect(calls).toEqual(['escalate', 'decide quarantine'])
  })
})
