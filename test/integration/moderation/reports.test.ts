import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CaseState, DecisionAction, ModerationSubject } from '../../../src/domain/moderation.ts'
import type { Person } from '../../support/worlds/api-world.ts'
import { openModerationWorld, type ModerationWorld } from '../../support/worlds/moderation-world.ts'

let world: ModerationWorld
let ann: Person
let bob: Person
beforeAll(async () => {
  world = await openModerationWorld()
  ann = await world.signUp()
  bob = await world.signUp()
})
afterAll(() => world?.close())

const photo = async (options: object = {}): Promise<ModerationSubject> => ({
  type: 'photo',
  id: await world.seedPhoto({ ownerId: ann.id, caption: 'Fog', ...options }),
})

/** Makes the accounts as old as this, so that their reports count for more. */
const age = (people: Person[], days: number) =>
  world.db.primary({
    text: `UPDATE users SET created_at = now() - $2 * interval '1 day' WHERE user_id = ANY ($1::bigint[])`,
    values: [people.map(({ id }) => id), days],
  })

const signUps = (count: number) => Promise.all(Array.from({ length: count }, () => world.signUp()))

/** What a case in this state was owed to its workflow. */
const owedTo = async (caseId: string) =>
  (
    await world.db.primary<{ n: number }>({
      text: `SELECT count(*)::int AS n FROM outbox WHERE kind = 'caseChanged' AND payload->>'caseId' = $1`,
      values: [caseId],
    })
  )[0]!.n

describe('a report', () => {
  it('opens a case with the texts as they were, and tells its workflow', async () => {
    const subject = await photo()
    await world.report(bob, subject)
    await world.call('PATCH', `/v1/photos/${subject.id}`, { token: ann.token, body: { caption: 'Mist' } })
    const [opened] = await world.casesOf(subject)
    expect(opened).toMatchObject({ state: 'open', priority: 3, report_count: 1, weight: 0.1 })
    expect(await owedTo(opened!.case_id)).toBe(1)
    expect(await world.auditOf(opened!.case_id)).toEqual(['case.opened'])
    const mo = await world.signUpAs('moderator')
    const { body } = await world.call('GET', `/v1/moderation/cases/${opened!.case_id}`, { token: mo.token })
    expect(body.evidence).toMatchObject({
      whenOpened: { caption: 'Fog', altText: null },
      now: { caption: 'Mist', altText: null },
    })
  })

  it('is possible of comments and accounts', async () => {
    const { id: photoId } = await photo()
    const said = await world.call('POST', `/v1/photos/${photoId}/comments`, {
      token: ann.token,
      body: { text: 'Buy now' },
    })
    const comment = { type: 'comment', id: said.body.comment.id } as const
    for (const subject of [comment, { type: 'user', id: ann.id } as const]) {
      await world.report(bob, subject)
      expect((await world.report(ann, subject, 422)).errors).toMatchObject([{ path: 'body.subject.id' }])
      expect(await world.casesOf(subject)).toHaveLength(1)
    }
  })

  it('of what is hidden or absent answers 404 and stores nothing', async () => {
    const before = await world.rowCounts()
    const absent: ModerationSubject[] = [
      await photo({ visibility: 'private' }),
      { type: 'photo', id: '0199a1b2-c3d4-7e5f-8a6b-000000000000' },
      { type: 'comment', id: '0199a1b2-c3d4-7e5f-8a6b-000000000000' },
      { type: 'user', id: '999999999999999999' },
    ]
    for (const subject of absent) expect((await world.report(bob, subject, 404)).code).toBe('not_found')
    for (const malformed of [
      { type: 'photo', id: 'fog' },
      { type: 'user', id: '9'.repeat(19) },
      { type: 'user', id: '-1' },
    ] as const)
      await world.report(bob, malformed, 422)
    expect((await world.rowCounts()).reports).toBe(before.reports)
    expect((await world.rowCounts()).moderation_cases).toBe(before.moderation_cases)
  })

  it('counts once from each account, and raises the case as it gains weight', async () => {
    const subject = await photo()
    const people = await signUps(6)
    await age(people, 100)
    await Promise.all(people.slice(0, 2).map((person) => world.report(person, subject)))
    const [two] = await world.casesOf(subject)
    expect(two).toMatchObject({ priority: 2, report_count: 2, weight: 2, due_in_minutes: 24 * 60 })
    for (const person of people.slice(0, 2)) await world.report(person, subject, 200, 'hate')
    expect(await world.casesOf(subject)).toEqual([two])
    for (const person of people.slice(2)) await world.report(person, subject)
    const [six] = await world.casesOf(subject)
    expect(six).toMatchObject({ priority: 1, report_count: 6, weight: 6, due_in_minutes: 8 * 60 })
    // Opened, and raised to normal and to high; the reports between changed nothing that its workflow does.
    expect(await owedTo(six!.case_id)).toBe(3)
  })

  it('by a brigade of new accounts weighs little', async () => {
    const subject = await photo()
    const brigade = await signUps(15)
    await Promise.all(brigade.map((person) => world.report(person, subject)))
    const [found, ...others] = await world.casesOf(subject)
    expect(others).toEqual([])
    expect(found).toMatchObject({ priority: 3, report_count: 15 })
    expect(found!.weight).toBeCloseTo(1.5)
  })

  it('counts less from those whose reports were dismissed', async () => {
    const [crier] = await signUps(1)
    await age([crier!], 100)
    for (let n = 0; n < 2; n++) {
      const subject = await photo()
      await world.report(crier!, subject)
      await dismiss((await world.casesOf(subject))[0]!.case_id, subject)
    }
    const subject = await photo()
    await world.report(crier!, subject)
    expect(await world.casesOf(subject)).toMatchObject([{ weight: 0.5 }])
    const { body } = await world.call('GET', '/v1/me/reports?limit=2', { token: crier!.token })
    expect(body.items.map(({ outcome }: { outcome: string }) => outcome)).toEqual([null, 'dismissed'])
    const next = `/v1/me/reports?limit=2&cursor=${body.nextCursor}`
    expect((await world.call('GET', next, { token: crier!.token })).body).toMatchObject({
      items: [{ outcome: 'dismissed' }],
      nextCursor: null,
    })
    expect((await world.call('GET', next, { token: bob.token })).status).toBe(400)
  })

  it('of a closed case opens another, but not for the same account at once', async () => {
    const subject = await photo()
    const first = await world.report(bob, subject)
    await dismiss((await world.casesOf(subject))[0]!.case_id, subject)
    expect(await world.report(bob, subject, 200)).toEqual({ ...first, outcome: 'dismissed' })
    expect(await world.casesOf(subject)).toHaveLength(1)
    await world.report((await signUps(1))[0]!, subject)
    expect(await world.casesOf(subject)).toMatchObject([{ state: 'closed' }, { state: 'open' }])
  })

  it('of what was decided opens it again for a reason not yet looked at', async () => {
    const subject = await photo()
    await world.report(bob, subject, 201, 'nudity')
    const caseId = (await world.casesOf(subject))[0]!.case_id
    await decide(caseId, subject, { action: 'limit', policy: 'nudity', state: 'decided' })
    const [eve, fay] = await signUps(2)
    await world.report(eve!, subject, 201, 'nudity')
    expect(await world.casesOf(subject)).toMatchObject([{ state: 'decided', report_count: 2 }])
    await world.report(fay!, subject, 201, 'child-safety')
    expect(await world.casesOf(subject)).toMatchObject([
      { case_id: caseId, state: 'open', priority: 0, report_count: 3, due_in_minutes: 60 },
    ])
    expect(await world.auditOf(caseId)).toEqual(['case.opened', 'case.reopened'])
    expect(await owedTo(caseId)).toBe(2)

    // The measure of before stands, and nothing is added.
    await decide(caseId, subject, { action: 'dismiss', policy: 'child-safety', state: 'decided' })
    const outcomes = await Promise.all(
      [bob, eve!, fay!].map(async ({ token }) => {
        const { body } = await world.call('GET', '/v1/me/reports?limit=1', { token })
        return body.items[0].outcome
      }),
    )
    expect(outcomes).toEqual(['acted', 'acted', 'dismissed'])
    await world.report((await signUps(1))[0]!, subject, 201, 'child-safety')
    expect(await world.casesOf(subject)).toMatchObject([{ state: 'decided', report_count: 4 }])
  })

  it('that is sent twice at once is stored once', async () => {
    const subject = await photo()
    const body = { subject, reason: 'spam' }
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => world.call('POST', '/v1/reports', { token: bob.token, body })),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 201])
    expect(new Set(answers.map((answer) => answer.body.report.id)).size).toBe(1)
    expect(await world.casesOf(subject)).toMatchObject([{ report_count: 1 }])
  })

  it('meets a deletion at the same time before it or after it', async () => {
    for (let round = 0; round < 8; round++) {
      const subject = await photo()
      const body = { subject, reason: 'spam' }
      const [reported, deleted] = await Promise.all([
        world.call('POST', '/v1/reports', { token: bob.token, body }),
        world.call('DELETE', `/v1/photos/${subject.id}`, { token: ann.token }),
      ])
      expect(deleted.status).toBe(204)
      expect([201, 404]).toContain(reported.status)
      expect(await world.casesOf(subject)).toHaveLength(reported.status === 201 ? 1 : 0)
    }
  })
})

const dismiss = (caseId: string, subject: ModerationSubject) =>
  decide(caseId, subject, { action: 'dismiss', policy: 'spam', state: 'closed' })

/** What a decision leaves. */
async function decide(
  caseId: string,
  { type, id }: ModerationSubject,
  { action, policy, state }: { action: DecisionAction; policy: string; state: CaseState },
) {
  await world.db.transaction(async (tx) => {
    await tx.query({
      text: `INSERT INTO moderation_decisions (decision_id, case_id, subject_type, subject_id, owner_id, action, policy_id,
          policy_version, reason, decided_as)
        VALUES (gen_random_uuid(), $1, $2, $3, $4, $5, $6, 1, 'As it is.', 'moderator')`,
      values: [caseId, type, id, ann.id, action, policy],
    })
    await tx.query({
      text: `UPDATE moderation_cases SET state = $2, closed_at = CASE $2 WHEN 'closed' THEN now() END WHERE case_id = $1`,
      values: [caseId, state],
    })
  })
}
