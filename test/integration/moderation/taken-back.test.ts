import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PhotoId } from '../../../src/domain/ids.ts'
import { SLA_MS } from '../../../src/domain/moderation.ts'
import type { Verdict } from '../../../src/domain/screening.ts'
import type { ModerationCaseRow } from '../../../src/entities/index.ts'
import { verifyAudit } from '../../../src/services/moderation/audit-log.ts'
import { openCaseReviews } from '../../../src/services/moderation/module.ts'
import type { CaseReviews } from '../../../src/services/moderation/review-case.ts'
import { recordVerdict } from '../../../src/services/screening/record-verdict.ts'
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

const photoOf = (owner: Person) => world.seedPhoto({ ownerId: owner.id })

async function screen(photoId: PhotoId, ...verdicts: Verdict[]): Promise<void> {
  for (const verdict of verdicts)
    await world.db.transaction((tx) =>
      recordVerdict(tx, photoId, { verdict, source: 'scores', policyVersion: 'some' }, 1_000),
    )
}

const casesOf = (photoId: PhotoId) =>
  world.db.primary<ModerationCaseRow>({
    text: 'SELECT * FROM moderation_cases WHERE subject_id = $1 ORDER BY opened_at',
    values: [photoId],
  })

async function own(who: Person, photoId: PhotoId): Promise<Json[]> {
  await world.api.clients.redis.set(`wrote:${who.id}`, '1', 'PX', 2_000)
  const { body } = await world.call('GET', '/v1/me/moderation?limit=100', { token: who.token })
  return body.items.filter(({ subject }: Json) => subject.id === photoId)
}

const appeal = (who: Person, decisionId: string) =>
  world.call('POST', `/v1/me/moderation/${decisionId}/appeals`, {
    token: who.token,
    body: { text: 'It is a statue.' },
  })

async function report(who: Person, photoId: PhotoId): Promise<void> {
  const body = { subject: { type: 'photo', id: photoId }, reason: 'nudity' }
  expect((await world.call('POST', '/v1/reports', { token: who.token, body })).status).toBe(201)
}

const statusOf = async (photoId: PhotoId) => {
  const [row] = await world.db.primary<{ status: string; limited: boolean }>({
    text: 'SELECT status, limited_at IS NOT NULL AS limited FROM photos WHERE photo_id = $1',
    values: [photoId],
  })
  return row!
}

describe('a milder verdict', () => {
  it.each([
    ['limit', 'limit'],
    ['quarantine', 'takedown'],
  ] as const)('after %s restores the photo, and its owner reads so', async (verdict, action) => {
    const owner = await world.signUp()
    const photoId = await photoOf(owner)
    await screen(photoId, verdict, 'allow')
    expect(await statusOf(photoId)).toEqual({ status: 'ready', limited: false })
    expect(await own(owner, photoId)).toMatchObject([
      { action: 'restore', decidedAs: 'classifier', policy: { id: 'nudity' }, reversedAt: null },
      { action, decidedAs: 'classifier', reversedAt: expect.any(String), appealUntil: null, appeal: null },
    ])
    const [{ case_id: caseId, state }] = (await casesOf(photoId)) as [ModerationCaseRow]
    expect(state).toBe('closed')
    await reviews.review(caseId)
    await reviews.review(caseId)
    expect((await world.told(owner)).map(({ kind, actorCount }) => [kind, actorCount])).toEqual([
      ['moderation_decision', 2],
    ])
    expect(await verifyAudit(world.db.primary)).toMatchObject({ brokenAt: null })
  })

  it('grants an appeal that waits, and lets the case go', async () => {
    const photoId = await photoOf(ann)
    await screen(photoId, 'quarantine')
    const [taken] = await own(ann, photoId)
    expect((await appeal(ann, taken.id)).status).toBe(201)
    await world.db.primary({
      text: `UPDATE moderation_cases SET claimed_by = $2, claimed_until = now() + interval '1 hour' WHERE subject_id = $1`,
      values: [photoId, bob.id],
    })
    await screen(photoId, 'allow')
    const [restored, answered] = await own(ann, photoId)
    expect(answered.appeal).toMatchObject({
      state: 'granted',
      answer: restored.reason,
      answeredAt: expect.any(String),
    })
    expect(await casesOf(photoId)).toMatchObject([
      { state: 'closed', closed_at: expect.any(Date), claimed_by: null, claimed_until: null },
    ])
  })

  it('that still limits takes the takedown back, and can be appealed', async () => {
    const photoId = await photoOf(ann)
    await screen(photoId, 'quarantine')
    const [taken] = await own(ann, photoId)
    await appeal(ann, taken.id)
    await screen(photoId, 'limit')
    expect(await statusOf(photoId)).toEqual({ status: 'ready', limited: true })
    const [limited, restored, answered] = await own(ann, photoId)
    expect([restored.action, answered.appeal.state]).toEqual(['restore', 'granted'])
    expect(limited).toMatchObject({ action: 'limit', appealUntil: expect.any(String) })
    expect((await appeal(ann, limited.id)).status).toBe(201)
  })

  it('leaves an earlier limit and the appeal against it', async () => {
    const photoId = await photoOf(ann)
    await screen(photoId, 'limit')
    const [limited] = await own(ann, photoId)
    await appeal(ann, limited.id)
    await screen(photoId, 'quarantine', 'limit')
    expect(await statusOf(photoId)).toEqual({ status: 'ready', limited: true })
    expect((await own(ann, photoId)).map(({ action, reversedAt }) => [action, reversedAt !== null])).toEqual([
      ['restore', false],
      ['takedown', true],
      ['limit', false],
    ])
    expect((await own(ann, photoId)).at(-1)).toMatchObject({ appeal: { state: 'pending' } })
    expect(await casesOf(photoId)).toMatchObject([{ state: 'appealed' }])
  })

  it('leaves it to people what users have reported', async () => {
    const photoId = await photoOf(ann)
    const reporter = await world.signUp()
    await screen(photoId, 'limit')
    await report(reporter, photoId)
    await screen(photoId, 'allow')
    const [{ case_id: caseId, state, priority, due_at: dueAt }] = (await casesOf(photoId)) as [
      ModerationCaseRow,
    ]
    expect(state).toBe('open')
    expect(Math.abs(dueAt.getTime() - Date.now() - SLA_MS[priority]!)).toBeLessThan(60_000)
    await reviews.review(caseId)
    const { body } = await world.call('GET', '/v1/me/reports', { token: reporter.token })
    expect(body.items).toMatchObject([{ outcome: null }])
    expect(await world.told(reporter)).toEqual([])
  })
})

describe('at the same moment', () => {
  it('two milder verdicts restore once', async () => {
    for (let round = 0; round < 3; round++) {
      const photoId = await photoOf(ann)
      await screen(photoId, 'quarantine')
      await Promise.all([screen(photoId, 'allow'), screen(photoId, 'allow')])
      expect((await own(ann, photoId)).map(({ action }) => action)).toEqual(['restore', 'takedown'])
    }
  })

  it('an appeal and a milder verdict leave no appeal that waits', async () => {
    for (let round = 0; round < 5; round++) {
      const photoId = await photoOf(ann)
      await screen(photoId, 'quarantine')
      const [taken] = await own(ann, photoId)
      const [appealed] = await Promise.all([appeal(ann, taken.id), screen(photoId, 'allow')])
      expect([201, 409]).toContain(appealed.status)
      const answered = (await own(ann, photoId)).at(-1)
      expect(answered.appeal?.state ?? null).toBe(appealed.status === 201 ? 'granted' : null)
      expect(await casesOf(photoId)).toMatchObject([{ state: 'closed' }])
    }
  })
})
