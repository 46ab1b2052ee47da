import { describe, expect, it } from 'vitest'
import { verifyAudit } from '../../../src/services/moderation/audit-log.ts'
import { follow } from '../../support/factories/follows.ts'
import type { Person } from '../../support/worlds/api-world.ts'
import { moderationCastOfFile, type ModerationWorld } from '../../support/worlds/moderation-world.ts'

let world: ModerationWorld
let ann: Person
let bob: Person
let mo: Person
let mia: Person
moderationCastOfFile((cast) => ({ world, ann, bob, mo, mia } = cast))

/** A case about a photo of this person. */
async function openCase(owner = ann, reporter = bob, reason: 'spam' | 'hate' | 'self-harm' = 'spam') {
  const subject = { type: 'photo', id: await world.seedPhoto({ ownerId: owner.id }) } as const
  await world.report(reporter, subject, 201, reason)
  return (await world.casesOf(subject))[0]!.case_id
}
const claim = (who: Person, caseId: string) =>
  world.call('PUT', `/v1/moderation/cases/${caseId}/claim`, { token: who.token })
const release = (who: Person, caseId: string) =>
  world.call('DELETE', `/v1/moderation/cases/${caseId}/claim`, { token: who.token })
const queue = async (who: Person, query = ''): Promise<string[]> => {
  const { body } = await world.call('GET', `/v1/moderation/cases?limit=100&${query}`, { token: who.token })
  return body.items.map(({ id }: { id: string }) => id)
}

describe('a claim', () => {
  it('keeps others off until it is released, and is audited', async () => {
    const caseId = await openCase()
    const first = await claim(mo, caseId)
    expect(first.body.case.claim.username).toBe(mo.username)
    expect(await claim(mia, caseId)).toMatchObject({ status: 409, body: { code: 'case_claimed' } })
    expect((await release(mia, caseId)).status).toBe(204)
    expect((await claim(mia, caseId)).status).toBe(409)
    expect((await claim(mo, caseId)).status).toBe(200)
    expect((await release(mo, caseId)).status).toBe(204)
    expect((await claim(mia, caseId)).status).toBe(200)
    expect(await world.auditOf(caseId)).toEqual([
      ...['case.opened', 'case.claimed', 'case.claimed', 'case.released', 'case.claimed'],
    ])
    expect(await verifyAudit(world.db.primary)).toMatchObject({ brokenAt: null })
  })

  it('by two at once goes to one', async () => {
    for (let round = 0; round < 5; round++) {
      const caseId = await openCase()
      const answers = await Promise.all([mo, mia].map((who) => claim(who, caseId)))
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 409])
    }
  })

  it('runs out by itself', async () => {
    const caseId = await openCase()
    await claim(mo, caseId)
    await world.db.primary({
      text: 'UPDATE moderation_cases SET claimed_until = now() WHERE case_id = $1',
      values: [caseId],
    })
    expect((await claim(mia, caseId)).body.case.claim.username).toBe(mia.username)
  })

  it('is refused for what is one’s own in any way', async () => {
    const fay = await world.signUp()
    await follow(world.db, mo.id, fay.id)
    const cases = [await openCase(mo), await openCase(fay), await openCase(ann, mo)]
    for (const caseId of cases)
      expect(await claim(mo, caseId)).toMatchObject({ status: 403, body: { code: 'own_case' } })
    for (const caseId of cases) expect((await claim(mia, caseId)).status).toBe(200)
    const own = `/v1/moderation/cases/${cases[0]}`
    expect((await world.call('GET', own, { token: mo.token })).body.code).toBe('own_case')
    expect(await queue(mo)).not.toContain(cases[0])
    expect(await queue(mia)).toEqual(expect.arrayContaining(cases))
  })

  it('is refused for what is decided, and to who decided what is appealed', async () => {
    const caseId = await openCase()
    const become = (state: string) =>
      world.db.primary({
        text: 'UPDATE moderation_cases SET state = $2 WHERE case_id = $1',
        values: [caseId, state],
      })
    await world.db.primary({
      text: `INSERT INTO moderation_decisions (decision_id, case_id, subject_type, subject_id, owner_id, action, policy_id,
          policy_version, reason, decided_by, decided_as)
        SELECT gen_random_uuid(), case_id, subject_type, subject_id, owner_id, 'limit', 'nudity', 1, 'Nude.', $2, 'moderator'
        FROM moderation_cases WHERE case_id = $1`,
      values: [caseId, mo.id],
    })
    for (const state of ['decided', 'closed']) {
      await become(state)
      expect(await claim(mia, caseId)).toMatchObject({ status: 409, body: { code: 'case_closed' } })
    }
    await become('appealed')
    expect(await claim(mo, caseId)).toMatchObject({ status: 403, body: { code: 'own_case' } })
    expect((await claim(mia, caseId)).status).toBe(200)
  })

  it('needs the role, and a case that exists', async () => {
    const caseId = await openCase()
    expect((await claim(bob, caseId)).status).toBe(403)
    expect((await claim(mo, '0199a1b2-c3d4-7e5f-8a6b-000000000000')).status).toBe(404)
    expect((await claim(mo, 'fog')).status).toBe(404)
    const ex = await world.signUpAs('moderator')
    await claim(ex, caseId)
    await world.db.primary({ text: `UPDATE users SET role = 'user' WHERE user_id = $1`, values: [ex.id] })
    expect((await release(ex, caseId)).status).toBe(403)
  })
})

describe('the queue', () => {
  it('has the most urgent first, then what is due first, in pages', async () => {
    const before = await queue(mia)
    const made = [await openCase(), await openCase(ann, bob, 'self-harm'), await openCase(ann, bob, 'hate')]
    const [low, urgent, normal] = made
    const added = (await queue(mia)).filter((id) => !before.includes(id))
    expect(added).toEqual([urgent, normal, low])
    expect(await queue(mia, 'priority=urgent')).toEqual([urgent])
    expect(await queue(mia, 'policy=hate')).toEqual([normal])
    expect(await queue(mia, 'state=closed')).not.toContain(low)

    const paged: string[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const query: string = cursor && `&cursor=${cursor}`
      const { body } = await world.call('GET', `/v1/moderation/cases?limit=2${query}`, { token: mia.token })
      paged.push(...body.items.map(({ id }: { id: string }) => id))
      cursor = body.nextCursor
    }
    expect(paged).toEqual(await queue(mia))
  })

  it('is counted by priority, with what is overdue and claimed', async () => {
    const figures = async () =>
      (await world.call('GET', '/v1/moderation/stats', { token: mo.token })).body.stats
    const before = await figures()
    const caseId = await openCase(ann, bob, 'self-harm')
    await claim(mo, caseId)
    await world.db.primary({
      text: `UPDATE moderation_cases SET due_at = now() - interval '1 hour' WHERE case_id = $1`,
      values: [caseId],
    })
    await expect.poll(figures).toMatchObject({
      open: { ...before.open, urgent: before.open.urgent + 1 },
      overdue: before.overdue + 1,
      claimed: before.claimed + 1,
    })
  })
})

describe('policies', () => {
  it('keep every version, and count two changes at once as two', async () => {
    const admin = await world.signUpAs('admin')
    const put = (text: string) =>
      world.call('PUT', '/v1/moderation/policies', {
        token: admin.token,
        body: { id: 'fog', title: 'Fog', text, isStrike: true },
      })
    const answers = await Promise.all(['No fog.', 'Less fog.'].map(put))
    expect(answers.map(({ body }) => body.policy.version).sort()).toEqual([1, 2])
    const last = answers.find(({ body }) => body.policy.version === 2)!.body.policy
    expect((await put(last.text)).body.policy).toEqual(last)
  })
})
