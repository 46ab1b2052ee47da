import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { APPEAL_WINDOW_MS, DAY_MS, SLA_MS } from '../../../src/domain/moderation.ts'
import type { PhotoId } from '../../../src/domain/ids.ts'
import type { ModerationCaseRow } from '../../../src/entities/index.ts'
import { takeDownPhoto } from '../../../src/services/moderation/measures.ts'
import { wakeLateCases } from '../../../src/services/moderation/wake-cases.ts'
import { openCaseReviews } from '../../../src/services/moderation/module.ts'
import type { CaseReviews } from '../../../src/services/moderation/review-case.ts'
import type { OutboxMessage } from '../../../src/contracts/outbox.ts'
import { buildCase, buildDecision } from '../../support/factories/moderation.ts'
import type { Json, Person } from '../../support/worlds/api-world.ts'
import { openNotificationWorld, type NotificationWorld } from '../../support/worlds/notification-world.ts'

let world: NotificationWorld
let reviews: CaseReviews
let ann: Person
let bob: Person
beforeAll(async () => {
  world = await openNotificationWorld()
  reviews = openCaseReviews(world.api.clients).reviews
  ann = await world.signUp()
  bob = await world.signUp()
})
afterAll(() => world?.close())

const photoCase = async (options: Partial<Parameters<typeof buildCase>[1]> = {}) => {
  const photoId = await world.seedPhoto({ ownerId: ann.id })
  const caseId = await buildCase(world.db, {
    subject: { type: 'photo', id: photoId },
    ownerId: ann.id,
    ...options,
  })
  return { photoId, caseId }
}

async function rowOf(caseId: string): Promise<ModerationCaseRow> {
  const rows = await world.db.primary<ModerationCaseRow>({
    text: 'SELECT * FROM moderation_cases WHERE case_id = $1',
    values: [caseId],
  })
  return rows[0]!
}

const auditOf = async (caseId: string) =>
  (
    await world.db.primary<{ action: string; actor_role: string }>({
      text: 'SELECT action, actor_role FROM moderation_audit WHERE subject = $1 ORDER BY seq',
      values: [`case/${caseId}`],
    })
  ).map((row) => `${row.actor_role} ${row.action}`)

const ago = (ms: number) => new Date(Date.now() - ms)
const kindsTold = async (who: Person) =>
  (await world.told(who)).map((told: Json) => [told.kind, told.actorCount])

describe('the review of a case', () => {
  it('raises what is overdue by one priority, once', async () => {
    const { caseId } = await photoCase({ dueAt: ago(1_000) })
    const [first, second] = await Promise.all([reviews.review(caseId), reviews.review(caseId)])
    const { priority, due_at: dueAt } = await rowOf(caseId)
    expect(priority).toBe(2)
    expect(Math.abs(dueAt.getTime() - Date.now() - SLA_MS[2])).toBeLessThan(60_000)
    for (const progress of [first, second])
      expect(progress).toEqual({ state: 'open', nextAt: dueAt.toISOString(), unproven: 0 })
    expect(await auditOf(caseId)).toEqual(['system case.escalated'])
  })

  it('leaves an urgent case where it is, before all others', async () => {
    const dueAt = ago(3_600_000)
    const { caseId } = await photoCase({ priority: 0, dueAt })
    const { nextAt } = await reviews.review(caseId)
    expect(await rowOf(caseId)).toMatchObject({ state: 'open', priority: 0, due_at: dueAt })
    expect(Date.parse(nextAt!) - Date.now()).toBeGreaterThan(DAY_MS - 60_000)
    expect(await auditOf(caseId)).toEqual([])
  })

  it('makes an overdue appeal urgent, and neither grants nor rejects it', async () => {
    const { caseId } = await photoCase({ state: 'appealed', priority: 3, dueAt: ago(1_000) })
    expect(await reviews.review(caseId)).toMatchObject({ state: 'appealed' })
    expect(await rowOf(caseId)).toMatchObject({ state: 'appealed', priority: 0 })
  })

  it('lets an unused claim go, and wakes for one that is used', async () => {
    const until = new Date(Date.now() + 60_000)
    const { caseId } = await photoCase({ claim: { by: bob.id, until } })
    expect(await reviews.review(caseId)).toMatchObject({ nextAt: until.toISOString() })
    const unused = await photoCase({ claim: { by: bob.id, until: ago(1_000) } })
    await reviews.review(unused.caseId)
    expect(await rowOf(unused.caseId)).toMatchObject({ claimed_by: null, claimed_until: null, priority: 3 })
    expect(await auditOf(unused.caseId)).toEqual(['system case.claim_expired'])
  })

  it('closes a decided case whose time to appeal is over', async () => {
    const { caseId } = await photoCase({ state: 'decided', dueAt: ago(1_000) })
    expect(await reviews.review(caseId)).toEqual({ state: 'closed', unproven: 0 })
    expect((await rowOf(caseId)).closed_at).not.toBeNull()
    expect(await reviews.review(caseId)).toEqual({ state: 'closed', unproven: 0 })
    expect(await auditOf(caseId)).toEqual(['system case.closed'])
  })

  it('ends with the account that the case is about', async () => {
    const gone = await world.signUp()
    const caseId = await buildCase(world.db, { subject: { type: 'user', id: gone.id }, ownerId: gone.id })
    await world.db.primary({ text: 'DELETE FROM users WHERE user_id = $1', values: [gone.id] })
    expect(await reviews.review(caseId)).toEqual({ state: 'gone', unproven: 0 })
  })
})

describe('the sweep of cases', () => {
  it('wakes those that are late or owe people news, and no others', async () => {
    const anHourAgo = ago(3_600_000)
    const late = await photoCase({ dueAt: anHourAgo })
    const unclosed = await photoCase({ state: 'decided', priority: 0, dueAt: anHourAgo })
    const untold = await photoCase({ state: 'closed' })
    const decisionId = await buildDecision(world.db, untold.caseId, { action: 'dismiss' })
    await world.db.primary({
      text: 'UPDATE moderation_decisions SET created_at = $2 WHERE decision_id = $1',
      values: [decisionId, anHourAgo],
    })
    const others = [await photoCase(), await photoCase({ priority: 0, dueAt: anHourAgo })]
    const woken: OutboxMessage[] = []
    const deliver = async (message: OutboxMessage) => void woken.push(message)
    await wakeLateCases(world.db.primary, { deliver }).run()
    for (const { caseId, photoId } of [late, unclosed, untold])
      expect(woken).toContainEqual({ kind: 'caseChanged', payload: { caseId, photoId, ownerId: ann.id } })
    const ids = woken.map(({ payload }) => 'caseId' in payload && payload.caseId)
    for (const { caseId } of others) expect(ids).not.toContain(caseId)
  })
})

describe('of a decision', () => {
  it('owner and reporters are told once, whoever looks at it at a time', async () => {
    const [owner, reporter] = [await world.signUp(), await world.signUp()]
    const subject = { type: 'user', id: owner.id } as const
    const dueAt = new Date(Date.now() + APPEAL_WINDOW_MS)
    const about = { subject, ownerId: owner.id, state: 'decided', dueAt, reporters: [reporter.id] } as const
    const caseId = await buildCase(world.db, about)
    await buildDecision(world.db, caseId, { action: 'limit' })
    await Promise.all([reviews.review(caseId), reviews.review(caseId), reviews.review(caseId)])
    expect(await kindsTold(owner)).toEqual([['moderation_decision', 1]])
    expect(await kindsTold(reporter)).toEqual([['report_outcome', 1]])
    await buildDecision(world.db, caseId, { action: 'restore', decidedBy: bob.id })
    await reviews.review(caseId)
    await reviews.review(caseId)
    expect(await kindsTold(owner)).toEqual([['moderation_decision', 2]])
    expect(await kindsTold(reporter)).toEqual([['report_outcome', 2]])
  })

  it('to dismiss reports, only the reporters are told', async () => {
    const [owner, reporter] = [await world.signUp(), await world.signUp()]
    const subject = { type: 'user', id: owner.id } as const
    const caseId = await buildCase(world.db, {
      subject,
      ownerId: owner.id,
      state: 'closed',
      reporters: [reporter.id],
    })
    await buildDecision(world.db, caseId, { action: 'dismiss', decidedBy: bob.id })
    await reviews.review(caseId)
    expect(await kindsTold(owner)).toEqual([])
    expect(await kindsTold(reporter)).toEqual([['report_outcome', 1]])
  })
})

describe('a takedown', () => {
  const receipt = (photoId: PhotoId) =>
    world.db.primary({ text: 'DELETE FROM retractions WHERE subject = $1', values: [`photo/${photoId}`] })

  it('is proven once every edge refuses the photo', async () => {
    const { caseId, photoId } = await photoCase({ state: 'decided' })
    await world.db.transaction((tx) => takeDownPhoto(tx, photoId))
    await buildDecision(world.db, caseId, { action: 'takedown', decidedBy: bob.id })
    expect(await reviews.review(caseId)).toMatchObject({ unproven: 1 })
    await expect(reviews.prove(caseId)).rejects.toThrow('1 withdrawals are not yet refused')
    await receipt(photoId)
    await reviews.prove(caseId)
    expect(await reviews.review(caseId)).toMatchObject({ unproven: 0 })
    const [row] = await world.db.primary<{ retracted: boolean }>({
      text: 'SELECT retracted_at IS NOT NULL AS retracted FROM moderation_decisions WHERE case_id = $1',
      values: [caseId],
    })
    expect(row).toEqual({ retracted: true })
  })
})
