import { randomUUID } from 'node:crypto'
import type { WorkflowHandle } from '@temporalio/client'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  CASE_CHANGED,
  CASE_PROGRESS,
  MODERATION_CASE,
  moderationCaseWorkflowId,
  SETTLE_CASE,
  type CaseProgress,
  type ModerationCaseInput,
} from '../../contracts/moderation-case.ts'
import { TASK_QUEUES } from '../../contracts/task-queues.ts'
import { APPEAL_SLA_MS, APPEAL_WINDOW_MS, CLAIM_MS, DAY_MS, SLA_MS } from '../../domain/moderation.ts'
import { gate, timeSkippingOfFile, until } from '../../../test/support/servers/time-skipping.ts'

const time = timeSkippingOfFile()

/** The case as its row would be, by the clock of the environment. */
let row: { state: CaseProgress['state']; priority: number; dueAt: number; claimedUntil: number | undefined }
let unproven: number
let events: { what: string; at: number }[]
let beganAt: number
let prove: () => Promise<void>

beforeEach(async () => {
  beganAt = await time.env.currentTimeMs()
  row = { state: 'open', priority: 3, dueAt: beganAt + SLA_MS[3], claimedUntil: undefined }
  unproven = 0
  events = []
  prove = async () => void (unproven = 0)
})

/** What services/moderation/review-case.ts does, without a database. */
async function review(): Promise<CaseProgress> {
  const now = await time.env.currentTimeMs()
  const happened = (what: string) => events.push({ what, at: now - beganAt })
  happened('read')
  if (row.claimedUntil !== undefined && row.claimedUntil <= now) {
    row.claimedUntil = undefined
    happened('claim expired')
  }
  if (row.dueAt <= now && row.state === 'decided') {
    row.state = 'closed'
    happened('closed')
  } else if (row.dueAt <= now && row.priority > 0) {
    row.priority = row.state === 'appealed' ? 0 : row.priority - 1
    row.dueAt = now + SLA_MS[row.priority]!
    happened(`priority ${row.priority}`)
  }
  const due = row.dueAt <= now ? now + DAY_MS : row.dueAt
  const nextAt = row.state === 'closed' ? undefined : Math.min(due, row.claimedUntil ?? due)
  return { state: row.state, nextAt: nextAt && new Date(nextAt).toISOString(), unproven } as CaseProgress
}

type Case = WorkflowHandle<(input: ModerationCaseInput) => Promise<CaseProgress>>

let running: Case
// It would read the case of the next test.
afterEach(() => running.terminate().catch(() => {}))

async function start(): Promise<Case> {
  await time.serve({ reviewCase: review, proveWithdrawals: () => prove() })
  const caseId = randomUUID()
  running = await time.env.client.workflow.signalWithStart(MODERATION_CASE, {
    workflowId: moderationCaseWorkflowId(caseId),
    taskQueue: TASK_QUEUES.orchestration,
    args: [{ caseId, ownerId: '7' }],
    signal: CASE_CHANGED,
    signalArgs: [],
  })
  return running
}

const changed = (handle: Case) => handle.signal(CASE_CHANGED)
const progressOf = (handle: Case) => handle.query<CaseProgress>(CASE_PROGRESS)
/** What happened besides reading, and about when, in hours from the beginning. */
const happened = () =>
  events
    .filter(({ what }) => what !== 'read')
    .map(({ what, at }) => `${what} after ${Math.round(at / 3_600_000)} h`)
const hours = (ms: number) => Math.round(ms / 3_600_000)

describe('moderationCase', () => {
  it('raises a case that nobody decides until it is urgent', async () => {
    const handle = await start()
    await time.env.sleep(5 * DAY_MS)
    await until(async () => happened().length === 3)
    const [low, normal, high] = [SLA_MS[3], SLA_MS[2], SLA_MS[1]]
    expect(happened()).toEqual([
      `priority 2 after ${hours(low)} h`,
      `priority 1 after ${hours(low + normal)} h`,
      `priority 0 after ${hours(low + normal + high)} h`,
    ])
    expect((await progressOf(handle)).state).toBe('open')
    // Once an hour later, then once a day.
    const readBefore = events.length
    await time.env.sleep(3 * DAY_MS)
    expect(events.length - readBefore).toBeLessThanOrEqual(4)
  })

  it('lets a claim go that is not used', async () => {
    row.claimedUntil = beganAt + CLAIM_MS
    await start()
    await time.env.sleep(CLAIM_MS + 60_000)
    await until(async () => events.some(({ what }) => what === 'claim expired'))
    const { at } = events.find(({ what }) => what === 'claim expired')!
    expect(at).toBeGreaterThanOrEqual(CLAIM_MS)
    expect(at).toBeLessThan(CLAIM_MS + 60_000)
    expect(row.priority).toBe(3)
  })

  it('closes a decided case when its time to appeal is over', async () => {
    row = { ...row, state: 'decided', dueAt: beganAt + APPEAL_WINDOW_MS }
    const handle = await start()
    expect(await handle.result()).toMatchObject({ state: 'closed', unproven: 0 })
    expect(happened()).toEqual([`closed after ${hours(APPEAL_WINDOW_MS)} h`])
  })

  it('makes an appeal urgent that nobody answers, and leaves it open', async () => {
    row = { ...row, state: 'decided', dueAt: beganAt + APPEAL_WINDOW_MS }
    const handle = await start()
    await time.env.sleep(DAY_MS)
    row = { ...row, state: 'appealed', priority: 2, dueAt: beganAt + DAY_MS + APPEAL_SLA_MS }
    await changed(handle)
    await time.env.sleep(APPEAL_SLA_MS + DAY_MS)
    await until(async () => happened().length === 1)
    expect(happened()).toEqual([`priority 0 after ${hours(DAY_MS + APPEAL_SLA_MS)} h`])
    expect((await progressOf(handle)).state).toBe('appealed')
    row.state = 'closed'
    await changed(handle)
    expect(await handle.result()).toMatchObject({ state: 'closed' })
  })

  it('answers an update once all withdrawals are proven', async () => {
    const proven = gate()
    prove = async () => {
      await proven.opened
      unproven = 0
    }
    const handle = await start()
    await until(async () => events.length > 0)
    row = { ...row, state: 'decided', dueAt: beganAt + APPEAL_WINDOW_MS }
    unproven = 1
    let settled: CaseProgress | undefined
    const update = handle.executeUpdate<CaseProgress, []>(SETTLE_CASE).then((answer) => (settled = answer))
    await until(async () => (await progressOf(handle)).unproven === 1)
    expect(settled).toBeUndefined()
    proven.open()
    expect(await update).toMatchObject({ state: 'decided', unproven: 0 })
  })

  it('keeps its deadlines while an edge is away', async () => {
    const proven = gate()
    prove = async () => {
      await proven.opened
      unproven = 0
    }
    unproven = 1
    row = { ...row, state: 'closed' }
    const handle = await start()
    await until(async () => (await progressOf(handle)).unproven === 1)
    row = { ...row, state: 'decided', dueAt: (await time.env.currentTimeMs()) - 1 }
    await changed(handle)
    await until(async () => row.state === 'closed')
    proven.open()
    expect(await handle.result()).toEqual({ state: 'closed', unproven: 0 })
  })
})
