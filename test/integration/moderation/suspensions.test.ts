import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DAY_MS, type Role } from '../../../src/domain/moderation.ts'
import { grantRole } from '../../../src/services/moderation/roles.ts'
import { follow } from '../../support/factories/follows.ts'
import { openApiWorld, type ApiWorld, type Person } from '../../support/worlds/api-world.ts'

let world: ApiWorld
let senior: Person
let admin: Person
beforeAll(async () => {
  world = await openApiWorld()
  senior = await staff('senior')
  admin = await staff('admin')
})
afterAll(() => world?.close())

async function staff(role: Role): Promise<Person> {
  const person = await world.signUp()
  await grantRole(world.db, person.username, role)
  return person
}
const WHY = { policy: 'spam', reason: 'Advertising under 40 photos.' }
const ask = async (who: Person, method: string, whom: Person, body: object = WHY) => {
  const path = `/v1/moderation/users/${whom.username}/suspension`
  const { status, body: answer } = await world.call(method, path, { token: who.token, body })
  return { status, code: answer?.code as string | undefined, decision: answer?.decision }
}
const inDays = (days: number) => new Date(Date.now() + days * DAY_MS).toISOString()

/** What is stored about an account. */
async function recordOf({ id }: Person) {
  const [account] = await world.db.primary({
    text: 'SELECT status, suspended_until FROM users WHERE user_id = $1',
    values: [id],
  })
  const decisions = await world.db.primary({
    text: `SELECT d.action, d.reason, d.decided_as, d.until, d.reversed_at IS NOT NULL AS reversed,
        d.strike_until IS NOT NULL AS is_strike, c.source, c.state
      FROM moderation_decisions d JOIN moderation_cases c USING (case_id) WHERE d.owner_id = $1 ORDER BY d.created_at`,
    values: [id],
  })
  const audited = await world.db.primary<{ action: string }>({
    text: `SELECT action FROM moderation_audit WHERE subject = 'user/' || $1 ORDER BY seq`,
    values: [id],
  })
  const kinds = await world.db.primary<{ kind: string }>({
    text: `SELECT DISTINCT kind FROM outbox WHERE payload->>'userId' = $1 OR payload->>'ownerId' = $1 ORDER BY kind`,
    values: [id],
  })
  return {
    account,
    decisions,
    audited: audited.map(({ action }) => action),
    owed: kinds.map(({ kind }) => kind),
  }
}

describe('a suspension by the staff', () => {
  it('is a decision of a case of its own, and lifted by another', async () => {
    const ann = await world.signUp()
    const until = inDays(7)
    const suspended = await ask(senior, 'PUT', ann, { ...WHY, until })
    expect(suspended).toMatchObject({
      status: 200,
      decision: { action: 'suspend', decidedAs: 'senior', until },
    })
    expect(await recordOf(ann)).toMatchObject({
      account: { status: 'suspended', suspended_until: new Date(until) },
      decisions: [{ action: 'suspend', is_strike: true, reversed: false, source: 'staff', state: 'decided' }],
      audited: ['account.suspended'],
      owed: ['accountChanged', 'caseChanged', 'standingChanged'],
    })
    expect((await ask(admin, 'DELETE', ann, { policy: 'spam', reason: 'An error.' })).status).toBe(204)
    expect(await recordOf(ann)).toMatchObject({
      account: { status: 'active', suspended_until: null },
      decisions: [
        { action: 'suspend', reversed: true, is_strike: false, state: 'closed' },
        { action: 'restore', reason: 'An error.', decided_as: 'admin' },
      ],
      audited: ['account.suspended', 'account.restored'],
    })
  })

  it('is the same when it is asked for again, and replaced by another', async () => {
    const ann = await world.signUp()
    const long = { ...WHY, until: inDays(30) }
    const first = await ask(senior, 'PUT', ann, long)
    expect(await ask(admin, 'PUT', ann, long)).toEqual(first)
    const short = await ask(admin, 'PUT', ann, { ...WHY, until: inDays(2) })
    expect(short.decision.id).not.toBe(first.decision.id)
    const { account, decisions } = await recordOf(ann)
    expect(account!['suspended_until']).toEqual(new Date(short.decision.until))
    expect(decisions.map(({ reversed }) => reversed)).toEqual([true, false])
  })

  it('twice at once leaves one that stands', async () => {
    const ann = await world.signUp()
    const answers = await Promise.all(
      [1, 2, 3, 4].map((days) => ask(senior, 'PUT', ann, { ...WHY, until: inDays(days) })),
    )
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200])
    const { account, decisions } = await recordOf(ann)
    const standing = decisions.filter(({ reversed }) => !reversed)
    expect(standing).toHaveLength(1)
    expect(account!['suspended_until']).toEqual(standing[0]!['until'])
  })

  it('is refused for oneself, the followed, and staff of no lower role', async () => {
    const [ann, moderator, other] = [await world.signUp(), await staff('moderator'), await staff('senior')]
    await follow(world.db, senior.id, ann.id)
    for (const method of ['PUT', 'DELETE']) {
      expect(await ask(senior, method, senior)).toMatchObject({ status: 403, code: 'own_case' })
      expect(await ask(senior, method, ann)).toMatchObject({ status: 403, code: 'own_case' })
      expect(await ask(senior, method, other)).toMatchObject({ status: 403, code: 'forbidden' })
      expect(await ask(senior, method, admin)).toMatchObject({ status: 403, code: 'forbidden' })
      expect(await ask(moderator, method, other)).toMatchObject({ status: 403, code: 'forbidden' })
      expect(await ask(senior, method, { ...ann, username: 'nobody-of-this-name' })).toMatchObject({
        status: 404,
      })
    }
    expect((await recordOf(ann)).decisions).toEqual([])
    expect((await ask(admin, 'PUT', other)).status).toBe(200)
  })

  it.each([
    ['an unknown policy', { policy: 'no-such-policy', reason: 'Spam.' }],
    ['an end that has passed', { ...WHY, until: '2020-01-01T00:00:00Z' }],
    ['no reason', { policy: 'spam', reason: '' }],
  ])('with %s is refused, and nothing stored', async (_, body) => {
    const ann = await world.signUp()
    expect(await ask(senior, 'PUT', ann, body)).toMatchObject({ status: 422, code: 'invalid' })
    expect(await recordOf(ann)).toMatchObject({ account: { status: 'active' }, decisions: [], audited: [] })
  })

  it('that is not there is lifted without a record', async () => {
    const ann = await world.signUp()
    expect((await ask(senior, 'DELETE', ann)).status).toBe(204)
    expect(await recordOf(ann)).toMatchObject({ decisions: [], audited: [] })
  })
})
