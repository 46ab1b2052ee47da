import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { v7 as uuidv7 } from 'uuid'
import type { UserId } from '../../../src/domain/ids.ts'
import { DAY_MS } from '../../../src/domain/moderation.ts'
import {
  createAccountStandings,
  type AccountStandings,
} from '../../../src/services/moderation/account-standings.ts'
import { liftSuspension, suspendAccount } from '../../../src/services/moderation/measures/account.ts'
import { forgetful } from '../../support/factories/outbox.ts'
import { openApiWorld, type ApiWorld } from '../../support/worlds/api-world.ts'

let world: ApiWorld
let standings: AccountStandings
beforeAll(async () => {
  world = await openApiWorld()
  standings = createAccountStandings({
    db: world.db,
    outbox: forgetful(world.db),
    thresholds: { limit: 2, suspend: 3, suspendLonger: 5 },
  })
})
afterAll(() => world?.close())

/** A takedown under a policy with strikes, by a moderator, some days ago. @returns its id */
async function strike(ownerId: UserId, daysAgo = 0, action = 'takedown'): Promise<string> {
  const decisionId = uuidv7()
  await world.db.primary({
    text: `WITH opened AS (
        INSERT INTO moderation_cases (case_id, subject_type, subject_id, owner_id, source, state, priority, policy_id,
          evidence, due_at)
        VALUES ($1::uuid, 'photo', $1::uuid::text, $3::text::bigint, 'reports', 'decided', 2, 'spam', '{"texts":{}}', now())
        RETURNING case_id)
      INSERT INTO moderation_decisions (decision_id, case_id, subject_type, subject_id, owner_id, action, policy_id,
        policy_version, reason, decided_as, strike_until, created_at)
      SELECT $2::uuid, case_id, 'photo', case_id::text, $3::text::bigint, $4::text, 'spam', 1, 'Spam.', 'moderator',
        now() + (90 - $5::int) * interval '1 day', now() - $5::int * interval '1 day' FROM opened`,
    values: [uuidv7(), decisionId, ownerId, action, daysAgo],
  })
  return decisionId
}
const reverse = (decisionId: string) =>
  world.db.primary({
    text: `UPDATE moderation_decisions SET reversed_at = coalesce(reversed_at, now()), strike_until = NULL
      WHERE decision_id = $1`,
    values: [decisionId],
  })
/** Lets all that is timed come so many days earlier. */
const pass = (userId: UserId, days: number) =>
  world.db.transaction(async ({ query }) => {
    await query({
      text: `UPDATE moderation_decisions SET created_at = created_at - $2 * interval '1 day',
        until = until - $2 * interval '1 day', strike_until = strike_until - $2 * interval '1 day' WHERE owner_id = $1`,
      values: [userId, days],
    })
    await query({
      text: `UPDATE users SET suspended_until = suspended_until - $2 * interval '1 day' WHERE user_id = $1`,
      values: [userId, days],
    })
  })

async function account(userId: UserId) {
  const [row] = await world.db.primary<{ status: string; limited: boolean; days: number | null }>({
    text: `SELECT status, hidden_from_explore AS limited,
        round(extract(epoch FROM suspended_until - now()) / 86400)::int AS days FROM users WHERE user_id = $1`,
    values: [userId],
  })
  return row!
}
/** What strikes brought, oldest first. */
const brought = (userId: UserId) =>
  world.db.primary<{ action: string; reversed: boolean; reason: string; source: string }>({
    text: `SELECT d.action, d.reversed_at IS NOT NULL AS reversed, d.reason, c.source FROM moderation_decisions d
      JOIN moderation_cases c USING (case_id) WHERE d.owner_id = $1 AND d.policy_id = 'strikes' ORDER BY d.created_at, d.action`,
    values: [userId],
  })
const actions = async (userId: UserId) => (await brought(userId)).map(({ action }) => action)
const someone = async () => (await world.signUp()).id

describe('strikes', () => {
  it('limit, suspend, and suspend longer by their number', async () => {
    const userId = await someone()
    await strike(userId)
    await standings.review(userId)
    expect(await account(userId)).toEqual({ status: 'active', limited: false, days: null })
    await strike(userId)
    await standings.review(userId)
    expect(await account(userId)).toEqual({ status: 'active', limited: true, days: null })
    await strike(userId)
    await standings.review(userId)
    expect(await account(userId)).toEqual({ status: 'suspended', limited: true, days: 7 })
    for (let n = 0; n < 2; n++) await strike(userId)
    await standings.review(userId)
    expect(await account(userId)).toEqual({ status: 'suspended', limited: true, days: 90 })
    expect(await brought(userId)).toMatchObject([
      { action: 'limit', reversed: false, source: 'strikes', reason: '2 strikes count against the account.' },
      { action: 'suspend', reason: '3 strikes count against the account.' },
      { action: 'suspend', reason: '5 strikes count against the account.' },
    ])
  })

  it('owe the account a review when they are given and taken back', async () => {
    const userId = await someone()
    const owed = async () => {
      const rows = await world.db.primary({
        text: `SELECT FROM outbox WHERE kind = 'standingChanged' AND payload->>'userId' = $1`,
        values: [userId],
      })
      return rows.length
    }
    const one = await strike(userId)
    expect(await owed()).toBe(1)
    await reverse(one)
    expect(await owed()).toBe(2)
    await reverse(one)
    expect(await owed()).toBe(2)
  })

  it('decide once, however often they are reviewed', async () => {
    const userId = await someone()
    for (let n = 0; n < 3; n++) await strike(userId)
    await Promise.all(Array.from({ length: 4 }, () => standings.review(userId)))
    await pass(userId, 8)
    for (let n = 0; n < 2; n++) await standings.review(userId)
    expect(await account(userId)).toEqual({ status: 'active', limited: true, days: null })
    expect(await actions(userId)).toEqual(['limit', 'suspend'])
  })

  it('lift what they brought when they expire, and tell when that is', async () => {
    const userId = await someone()
    await strike(userId, 80)
    await strike(userId, 10)
    expect(Math.round((await standings.review(userId))! / DAY_MS)).toBe(10)
    expect((await account(userId)).limited).toBe(true)
    await pass(userId, 11)
    expect(Math.round((await standings.review(userId))! / DAY_MS)).toBe(69)
    expect((await account(userId)).limited).toBe(false)
    await pass(userId, 70)
    expect(await standings.review(userId)).toBeNull()
  })

  it('lift what they brought when one is taken back', async () => {
    const userId = await someone()
    const [first] = [await strike(userId), await strike(userId), await strike(userId)]
    await standings.review(userId)
    await reverse(first)
    await standings.review(userId)
    expect(await account(userId)).toEqual({ status: 'active', limited: true, days: null })
    expect(await brought(userId)).toMatchObject([
      { action: 'limit', reversed: false },
      { action: 'suspend', reversed: true },
      { action: 'restore', reversed: false, reason: 'The strikes that it followed from no longer count.' },
    ])
    await standings.review(userId)
    expect(await actions(userId)).toEqual(['limit', 'suspend', 'restore'])
  })

  it('shorten a suspension when fewer are left', async () => {
    const userId = await someone()
    const first = await strike(userId)
    for (let n = 0; n < 4; n++) await strike(userId)
    await standings.review(userId)
    expect((await account(userId)).days).toBe(90)
    await reverse(first)
    await standings.review(userId)
    expect((await account(userId)).days).toBe(7)
  })

  it('never lift what a person decided, nor decide again what was taken back', async () => {
    const userId = await someone()
    const strikes = [await strike(userId), await strike(userId), await strike(userId)]
    await standings.review(userId)
    const [suspension] = await world.db.primary<{ decision_id: string }>({
      text: `SELECT decision_id FROM moderation_decisions WHERE owner_id = $1 AND action = 'suspend'`,
      values: [userId],
    })
    // As an appeal that is granted.
    await reverse(suspension!.decision_id)
    await world.db.transaction((tx) => liftSuspension(tx, userId))
    await standings.review(userId)
    expect((await account(userId)).status).toBe('active')
    // As a moderator does.
    await strike(userId, 0, 'suspend')
    await world.db.primary({
      text: `UPDATE moderation_decisions SET subject_type = 'user', subject_id = owner_id::text, strike_until = NULL
        WHERE owner_id = $1 AND action = 'suspend' AND policy_id = 'spam'`,
      values: [userId],
    })
    await world.db.transaction((tx) => suspendAccount(tx, { userId, until: null }))
    for (const id of strikes) await reverse(id)
    await standings.review(userId)
    expect(await account(userId)).toEqual({ status: 'suspended', limited: false, days: null })
  })
})
