import { randomUUID } from 'node:crypto'
import type { WorkflowHandle } from '@temporalio/client'
import { beforeEach, describe, expect, it } from 'vitest'
import type { LinkPlan } from '../../contracts/activities/share-links.ts'
import {
  LINK_CHANGED,
  SHARE_LINK,
  SHARE_LINK_PROGRESS,
  type ShareLinkInput,
  type ShareLinkProgress,
} from '../../contracts/share-link.ts'
import { TASK_QUEUES } from '../../contracts/task-queues.ts'
import { EDGES, lastedMs, timeSkippingOfFile, until } from '../../../test/support/servers/time-skipping.ts'

const DAY_MS = 86_400_000

const time = timeSkippingOfFile()
let calls: string[]
/** When the link expires by the clock of the environment; null: never. Undefined: the link is revoked. */
let expiresAtMs: number | null | undefined
let fakes: ReturnType<typeof happyPath>

beforeEach(async () => {
  calls = []
  expiresAtMs = (await time.env.currentTimeMs()) + 3 * DAY_MS
  fakes = happyPath()
})

function happyPath() {
  return {
    planShareLink: async () => {
      const plan = await planNow()
      calls.push(plan.state)
      return { ...plan, edges: EDGES }
    },
    endShareLink: async () => void calls.push('end'),
    refuseLinkAtEdge: async ({ edge }: { edge: string }) => void calls.push(`${edge} refuses`),
    recordLinkProof: async () => void calls.push('proven'),
    purgeShareLink: async () => void calls.push('purge'),
  }
}

async function planNow(): Promise<LinkPlan> {
  if (expiresAtMs === undefined) return { state: 'gone' }
  if (expiresAtMs === null) return { state: 'live', msLeft: null }
  const msLeft = expiresAtMs - (await time.env.currentTimeMs())
  return msLeft > 0 ? { state: 'live', msLeft } : { state: 'expired' }
}

type Link = WorkflowHandle<(input: ShareLinkInput) => Promise<ShareLinkProgress>>

async function start(): Promise<Link> {
  await time.serve(fakes)
  const linkId = randomUUID()
  return time.env.client.workflow.signalWithStart(SHARE_LINK, {
    workflowId: `link/${linkId}`,
    taskQueue: TASK_QUEUES.orchestration,
    args: [{ linkId, ownerId: '7' }],
    signal: LINK_CHANGED,
    signalArgs: [],
  })
}

const progressOf = (link: Link) => link.query<ShareLinkProgress>(SHARE_LINK_PROGRESS)
const revoke = async (link: Link) => {
  expiresAtMs = undefined
  await link.signal(LINK_CHANGED)
}
const REFUSALS = EDGES.map((edge) => `${edge} refuses`)

describe('shareLink', () => {
  it('ends the link when its time is over, and forgets it a week later', async () => {
    const link = await start()
    await time.env.sleep(2 * DAY_MS)
    expect(await progressOf(link)).toMatchObject({ state: 'live' })
    expect(calls).not.toContain('end')
    await time.env.sleep(2 * DAY_MS)
    await until(async () => (await progressOf(link)).state === 'ended')
    const [first, second, ...rest] = calls.slice(calls.indexOf('expired'))
    expect([first, second, rest.at(-1)]).toEqual(['expired', 'end', 'proven'])
    expect(rest.slice(0, -1).sort()).toEqual(REFUSALS)
    await time.env.sleep(5 * DAY_MS)
    expect(calls).not.toContain('purge')
    expect(await link.result()).toEqual({ state: 'gone', edges: { proven: 2, expired: 0 } })
    expect(calls.at(-1)).toBe('purge')
  })

  it('has every edge refuse a revoked link at once', async () => {
    const link = await start()
    await until(async () => calls.includes('live'))
    await revoke(link)
    expect(await link.result()).toEqual({ state: 'gone', edges: { proven: 2, expired: 0 } })
    // Not when it would have expired.
    expect(await lastedMs(link)).toBeLessThan(DAY_MS)
    expect(calls.slice(calls.indexOf('gone'))).toHaveLength(4)
    for (const refusal of REFUSALS) expect(calls).toContain(refusal)
    expect(calls).not.toContain('end')
    expect(calls).not.toContain('purge')
  })

  it('waits for as long as it takes if the link has no end', async () => {
    expiresAtMs = null
    const link = await start()
    await until(async () => calls.includes('live'))
    await time.env.sleep(1_000 * DAY_MS)
    expect(await progressOf(link)).toMatchObject({ state: 'live' })
    await revoke(link)
    expect(await link.result()).toMatchObject({ state: 'gone' })
  })

  it('goes by the row: a timer that fires early waits on', async () => {
    const plan = fakes.planShareLink
    let isFirst = true
    fakes.planShareLink = async () => {
      const read = await plan()
      const isEarly = isFirst && read.state === 'live'
      isFirst = false
      return isEarly ? { ...read, msLeft: DAY_MS } : read
    }
    const link = await start()
    await link.result()
    expect(calls.filter((call) => call === 'live')).toHaveLength(2)
    expect(calls.filter((call) => call === 'end')).toHaveLength(1)
  })

  it('holds up no edge for another, and gives one up whose URLs are dead', async () => {
    fakes.refuseLinkAtEdge = async ({ edge }) => {
      if (edge === EDGES[1]) throw new Error('the edge is down')
      calls.push(`${edge} refuses`)
    }
    const link = await start()
    await until(async () => calls.includes('live'))
    await revoke(link)
    await until(async () => calls.includes(REFUSALS[0]!))
    expect(calls).not.toContain('proven')
    expect(await link.result()).toEqual({ state: 'gone', edges: { proven: 1, expired: 1 } })
    expect(calls.at(-1)).toBe('proven')
  })

  it('refuses again if an expired link is revoked before it is forgotten', async () => {
    const link = await start()
    await time.env.sleep(4 * DAY_MS)
    await until(async () => (await progressOf(link)).state === 'ended')
    await revoke(link)
    expect(await link.result()).toMatchObject({ state: 'gone' })
    expect(calls.filter((call) => call === 'proven')).toHaveLength(2)
    expect(calls).not.toContain('purge')
  })
})
