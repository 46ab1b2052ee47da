import { describe, expect, it } from 'vitest'
import { APPEAL_SLA_MS, APPEAL_WINDOW_MS, STRIKE_MS } from '../../../src/domain/moderation.ts'
import type { PhotoId } from '../../../src/domain/ids.ts'
import { verifyAudit } from '../../../src/services/moderation/audit-log.ts'
import { follow } from '../../support/factories/follows.ts'
import type { Json, Person } from '../../support/worlds/api-world.ts'
import { moderationCastOfFile, type ModerationWorld } from '../../support/worlds/moderation-world.ts'

let world: ModerationWorld
let ann: Person
let bob: Person
let mo: Person
let mia: Person
moderationCastOfFile((cast) => ({ world, ann, bob, mo, mia } = cast))

async function reported(): Promise<{ photoId: PhotoId; caseId: string }> {
  const photoId = await world.seedPhoto({ ownerId: ann.id })
  const subject = { type: 'photo', id: photoId } as const
  await world.report(bob, subject)
  return { photoId, caseId: (await world.casesOf(subject))[0]!.case_id }
}

const decide = (who: Person, caseId: string, action: string, fields: object = {}) =>
  world.call('POST', `/v1/moderation/cases/${caseId}/decisions`, {
    token: who.token,
    body: { action, policy: 'spam', reason: 'It sells something.', ...fields },
  })
const appeal = (who: Person, decisionId: string, text = 'It sells nothing.') =>
  world.call('POST', `/v1/me/moderation/${decisionId}/appeals`, { token: who.token, body: { text } })
const own = async (who: Person): Promise<Json[]> => {
  await world.api.clients.redis.set(`wrote:${who.id}`, '1', 'PX', 2_000)
  return (await world.call('GET', '/v1/me/moderation?limit=100', { token: who.token })).body.items
}
const ownOn = async (photoId: PhotoId): Promise<Json[]> =>
  (await own(ann)).filter(({ subject }) => subject.id === photoId)
const stateOf = async (photoId: PhotoId) =>
  (await world.casesOf({ type: 'photo', id: photoId })).map(({ state }) => state)

async function photoRow(photoId: PhotoId) {
  const [row] = await world.db.primary<{ status: string; limited: boolean; verdict: string | null }>({
    text: `SELECT status, limited_at IS NOT NULL AS limited, (
        SELECT verdict || ' by ' || source FROM photo_verdicts v WHERE v.photo_id = p.photo_id
        ORDER BY photo_verdict_id DESC LIMIT 1) AS verdict
      FROM photos p WHERE photo_id = $1`,
    values: [photoId],
  })
  return row!
}

const owed = async (caseId: string) =>
  (
    await world.db.primary<{ owed: number }>({
      text: `SELECT count(*)::int AS owed FROM outbox WHERE kind = 'caseChanged' AND payload->>'caseId' = $1`,
      values: [caseId],
    })
  )[0]!.owed

describe('a decision', () => {
  it('takes the photo down before it is answered, and tells its reasons', async () => {
    const { photoId, caseId } = await reported()
    const owedBefore = await owed(caseId)
    const answer = await decide(mo, caseId, 'takedown')
    expect(answer).toMatchObject({
      status: 201,
      body: {
        decision: { action: 'takedown', decidedBy: mo.username, decidedAs: 'moderator', policyVersion: 1 },
      },
    })
    expect((await world.call('GET', `/v1/photos/${photoId}`, { token: bob.token })).status).toBe(404)
    expect(await photoRow(photoId)).toEqual({
      status: 'quarantined',
      limited: false,
      verdict: 'quarantine by person',
    })
    const [shown] = await ownOn(photoId)
    expect(shown).toMatchObject({
      action: 'takedown',
      policy: { id: 'spam', version: 1, title: 'Spam' },
      reason: 'It sells something.',
      decidedAs: 'moderator',
      reversedAt: null,
      appeal: null,
    })
    const fromNow = (at: string) => Date.parse(at) - Date.now()
    expect(Math.abs(fromNow(shown.appealUntil) - APPEAL_WINDOW_MS)).toBeLessThan(60_000)
    expect(Math.abs(fromNow(shown.strikeUntil) - STRIKE_MS)).toBeLessThan(60_000)
    expect(JSON.stringify(shown)).not.toContain(mo.username)
    expect(await owed(caseId)).toBe(owedBefore + 1)
    expect(await world.auditOf(caseId)).toEqual(['case.opened', 'decision.takedown'])
    expect(await verifyAudit(world.db.primary)).toMatchObject({ brokenAt: null })
    expect(await decide(mia, caseId, 'dismiss')).toMatchObject({ status: 409, body: { code: 'case_closed' } })
  })

  it('to dismiss closes the case, and is no news to its owner', async () => {
    const { photoId, caseId } = await reported()
    expect((await decide(mo, caseId, 'dismiss')).status).toBe(201)
    expect(await stateOf(photoId)).toEqual(['closed'])
    expect(await photoRow(photoId)).toEqual({ status: 'ready', limited: false, verdict: 'allow by person' })
    expect(await ownOn(photoId)).toEqual([])
    expect((await decide(mo, caseId, 'limit')).status).toBe(409)
  })

  it('is taken back by seniors alone, with its strike', async () => {
    const { photoId, caseId } = await reported()
    await decide(mo, caseId, 'limit')
    expect(await photoRow(photoId)).toMatchObject({ limited: true })
    expect(await decide(mo, caseId, 'restore')).toMatchObject({ status: 403 })
    expect((await decide(mia, caseId, 'restore')).status).toBe(201)
    expect(await photoRow(photoId)).toMatchObject({ status: 'ready', limited: false })
    expect(await stateOf(photoId)).toEqual(['closed'])
    const shown = await ownOn(photoId)
    expect(shown.map(({ action }) => action)).toEqual(['restore', 'limit'])
    expect(shown[1]).toMatchObject({ reversedAt: expect.any(String), strikeUntil: null, appealUntil: null })
  })

  it('leaves what another case has decided about the photo', async () => {
    const { photoId, caseId } = await reported()
    await decide(mo, caseId, 'limit')
    await world.db.primary({
      text: `UPDATE moderation_cases SET state = 'closed', closed_at = now() WHERE case_id = $1`,
      values: [caseId],
    })
    await world.report(await world.signUp(), { type: 'photo', id: photoId })
    const later = (await world.casesOf({ type: 'photo', id: photoId }))[1]!.case_id
    await decide(mo, later, 'takedown')
    expect((await decide(mia, later, 'restore')).status).toBe(201)
    expect(await photoRow(photoId)).toMatchObject({ status: 'ready', limited: true })
  })

  it('suspends a reported account, which reads why, appeals and comes back', async () => {
    const cyd = await world.signUp()
    const subject = { type: 'user', id: cyd.id } as const
    await world.report(bob, subject)
    const { case_id: caseId } = (await world.casesOf(subject))[0]!
    const until = new Date(Date.now() + 86_400_000).toISOString()
    expect(await decide(mo, caseId, 'suspend', { until })).toMatchObject({
      status: 201,
      body: { decision: { action: 'suspend', until } },
    })
    expect((await world.call('GET', `/v1/users/${cyd.username}`, { token: bob.token })).status).toBe(404)
    const [shown] = await own(cyd)
    expect(shown).toMatchObject({ action: 'suspend', until, strikeUntil: expect.any(String) })
    expect((await appeal(cyd, shown.id)).status).toBe(201)
    expect((await decide(mia, caseId, 'restore')).status).toBe(201)
    expect((await world.call('GET', `/v1/users/${cyd.username}`, { token: bob.token })).status).toBe(200)
  })

  it('takes a reported comment down, and restores it', async () => {
    const photoId = await world.seedPhoto({ ownerId: bob.id })
    const posted = await world.call('POST', `/v1/photos/${photoId}/comments`, {
      token: ann.token,
      body: { text: 'Buy this.' },
    })
    const subject = { type: 'comment', id: posted.body.comment.id as string } as const
    await world.report(bob, subject)
    const { case_id: caseId } = (await world.casesOf(subject))[0]!
    const shown = async () =>
      (await world.call('GET', `/v1/photos/${photoId}/comments`, { token: bob.token })).body.items.length
    expect((await decide(mo, caseId, 'takedown')).status).toBe(201)
    expect(await shown()).toBe(0)
    expect((await decide(mia, caseId, 'restore')).status).toBe(201)
    expect(await shown()).toBe(1)
  })

  it.each([
    ['suspend', {}, 422, 'body.action'],
    ['restore', {}, 422, 'body.action'],
    ['limit', { policy: 'no-such-policy' }, 422, 'body.policy'],
    ['limit', { until: '2126-01-01T00:00:00Z' }, 422, 'body.until'],
    ['limit', { reason: ' ' }, 422, 'body.reason'],
  ])('%s with %j is refused, and nothing is stored', async (action, fields, status, path) => {
    const { photoId, caseId } = await reported()
    const answer = await decide(mo, caseId, action, fields)
    expect(answer.status).toBe(status)
    expect(answer.body.errors[0].path).toBe(path)
    expect(await stateOf(photoId)).toEqual(['open'])
    expect(await photoRow(photoId)).toEqual({ status: 'ready', limited: false, verdict: null })
  })

  it('is for no owner, follower, reporter or other claim', async () => {
    const { caseId } = await reported()
    const fan = await world.signUpAs('senior')
    await follow(world.db, fan.id, ann.id)
    expect(await decide(fan, caseId, 'limit')).toMatchObject({ status: 403, body: { code: 'own_case' } })
    await world.call('PUT', `/v1/moderation/cases/${caseId}/claim`, { token: mia.token })
    expect(await decide(mo, caseId, 'limit')).toMatchObject({ status: 409, body: { code: 'case_claimed' } })
    expect((await decide(bob, caseId, 'limit')).status).toBe(403)
    expect((await decide(mia, caseId, 'limit')).status).toBe(201)
  })
})

describe('an appeal', () => {
  async function takenDown() {
    const made = await reported()
    const { body } = await decide(mo, made.caseId, 'takedown')
    return { ...made, decisionId: body.decision.id as string }
  }

  it('is made once, and is another moderator’s to grant', async () => {
    const { photoId, caseId, decisionId } = await takenDown()
    expect((await appeal(bob, decisionId)).status).toBe(404)
    expect(await appeal(ann, decisionId)).toMatchObject({
      status: 201,
      body: { appeal: { state: 'pending' } },
    })
    expect(await appeal(ann, decisionId)).toMatchObject({ status: 409, body: { code: 'case_closed' } })
    expect(await world.casesOf({ type: 'photo', id: photoId })).toMatchObject([
      { state: 'appealed', due_in_minutes: APPEAL_SLA_MS / 60_000 },
    ])
    expect(await decide(mo, caseId, 'dismiss')).toMatchObject({ status: 403, body: { code: 'own_case' } })
    const second = await world.signUpAs('moderator')
    expect((await decide(second, caseId, 'limit')).status).toBe(422)
    expect((await decide(second, caseId, 'restore', { reason: 'You are right.' })).status).toBe(201)
    expect(await photoRow(photoId)).toMatchObject({ status: 'ready', verdict: 'allow by person' })
    const taken = (await ownOn(photoId)).find(({ action }) => action === 'takedown')
    expect(taken).toMatchObject({
      strikeUntil: null,
      reversedAt: expect.any(String),
      appeal: { state: 'granted', answer: 'You are right.', answeredAt: expect.any(String) },
    })
    expect(await stateOf(photoId)).toEqual(['closed'])
    expect(await world.auditOf(caseId)).toEqual([
      ...['case.opened', 'decision.takedown', 'decision.appealed', 'decision.restore'],
    ])
  })

  it('that is rejected leaves the measure and its strike', async () => {
    const { photoId, caseId, decisionId } = await takenDown()
    await appeal(ann, decisionId)
    expect((await decide(mia, caseId, 'dismiss', { reason: 'It does.' })).status).toBe(201)
    expect(await photoRow(photoId)).toMatchObject({ status: 'quarantined' })
    expect(await stateOf(photoId)).toEqual(['closed'])
    expect(await ownOn(photoId)).toMatchObject([
      {
        action: 'takedown',
        reversedAt: null,
        strikeUntil: expect.any(String),
        appealUntil: null,
        appeal: { state: 'rejected', answer: 'It does.' },
      },
    ])
  })

  it('that comes too late is refused', async () => {
    const { caseId, decisionId } = await takenDown()
    await world.db.primary({
      text: `UPDATE moderation_cases SET due_at = now() - interval '1 second' WHERE case_id = $1`,
      values: [caseId],
    })
    expect(await appeal(ann, decisionId)).toMatchObject({ status: 409, body: { code: 'case_closed' } })
  })
})

describe('at the same moment', () => {
  it('of two decisions one is made', async () => {
    for (let round = 0; round < 5; round++) {
      const { photoId, caseId } = await reported()
      const answers = await Promise.all([decide(mo, caseId, 'takedown'), decide(mia, caseId, 'limit')])
      expect(answers.map(({ status }) => status).sort()).toEqual([201, 409])
      expect(await ownOn(photoId)).toHaveLength(1)
      const { status, limited } = await photoRow(photoId)
      expect({ status, limited }).toEqual(
        answers[0].status === 201
          ? { status: 'quarantined', limited: false }
          : { status: 'ready', limited: true },
      )
    }
  })

  it('an appeal and a restoration leave the photo restored', async () => {
    for (let round = 0; round < 5; round++) {
      const { photoId, caseId } = await reported()
      const { body } = await decide(mo, caseId, 'takedown')
      const [appealed, restored] = await Promise.all([
        appeal(ann, body.decision.id),
        decide(mia, caseId, 'restore'),
      ])
      expect([201, 409]).toContain(appealed.status)
      expect(restored.status).toBe(201)
      expect(await photoRow(photoId)).toMatchObject({ status: 'ready' })
      expect(await stateOf(photoId)).toEqual(['closed'])
      const taken = (await ownOn(photoId)).find(({ action }) => action === 'takedown')
      expect(taken.appeal?.state ?? null).toBe(appealed.status === 201 ? 'granted' : null)
    }
  })

  it('a deletion, reports and a decision wait for each other', async () => {
    for (let round = 0; round < 5; round++) {
      const { photoId, caseId } = await reported()
      const [reporter, other] = [await world.signUp(), await world.signUp()]
      const subject = { type: 'photo', id: photoId }
      const file = (who: Person) =>
        world.call('POST', '/v1/reports', { token: who.token, body: { subject, reason: 'hate' } })
      const [deleted, decided, ...filed] = await Promise.all([
        world.call('DELETE', `/v1/photos/${photoId}`, { token: ann.token }),
        decide(mo, caseId, 'takedown'),
        file(reporter),
        file(other),
      ])
      expect([deleted.status, decided.status]).toEqual([204, 201])
      for (const { status } of filed) expect([201, 404]).toContain(status)
      // What was taken down first stays in the trash as evidence; what was not comes out of it as it was decided.
      const back = await world.call('POST', `/v1/photos/${photoId}/restore`, { token: ann.token })
      expect((await photoRow(photoId)).status).toBe(back.status === 200 ? 'quarantined' : 'trashed')
    }
  })
})
