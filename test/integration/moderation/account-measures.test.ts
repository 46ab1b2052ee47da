import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { v7 as uuidv7 } from 'uuid'
import type { UserId } from '../../../src/domain/ids.ts'
import { DAY_MS, type DecisionAction } from '../../../src/domain/moderation.ts'
import type { Transaction } from '../../../src/infra/db/database.ts'
import { comeBack } from '../../../src/services/accounts/come-back.ts'
import {
  liftAccountLimit,
  liftSuspension,
  limitAccount,
  suspendAccount,
} from '../../../src/services/moderation/measures/account.ts'
import { setAccountStatus } from '../../support/factories/accounts.ts'
import { settle } from '../../support/replica.ts'
import { openApiWorld, type ApiWorld, type Json, type Person } from '../../support/worlds/api-world.ts'

let world: ApiWorld
beforeAll(async () => {
  world = await openApiWorld()
})
afterAll(() => world?.close())

const call = (who: Person | undefined, method: string, path: string, body?: unknown) =>
  world.call(method, `/v1${path}`, { token: who?.token, ...(body === undefined ? {} : { body }) })
const idsIn = async (who: Person | undefined, path: string): Promise<string[]> => {
  const { status, body } = await call(who, 'GET', path)
  return status === 200 ? body.items.map((item: Json) => item.id) : [`${status}`]
}
const within = <T>(work: (tx: Transaction) => Promise<T>) => world.db.transaction(work)
const inDays = (days: number) => new Date(Math.floor(Date.now() / 1000) * 1000 + days * DAY_MS)

async function rowOf(userId: UserId) {
  const [row] = await world.db.primary<{
    status: string
    until: Date | null
    limited: boolean
    retracted: boolean
  }>({
    text: `SELECT status, suspended_until AS until, hidden_from_explore AS limited,
        EXISTS (SELECT FROM retractions WHERE subject = 'account/' || user_id) AS retracted
      FROM users WHERE user_id = $1`,
    values: [userId],
  })
  return row!
}

/** A decision that stands, as those who decide write it. */
async function decide(ownerId: UserId, action: DecisionAction, until: Date | null): Promise<string> {
  const [caseId, decisionId] = [uuidv7(), uuidv7()]
  await world.db.primary({
    text: `WITH opened AS (
        INSERT INTO moderation_cases (case_id, subject_type, subject_id, owner_id, source, state, priority, policy_id,
          evidence, due_at, closed_at)
        VALUES ($1, 'user', $3::text, $3::text::bigint, 'staff', 'closed', 2, 'spam', '{"texts":{}}', now(), now()) RETURNING case_id)
      INSERT INTO moderation_decisions (decision_id, case_id, subject_type, subject_id, owner_id, action, policy_id,
        policy_version, reason, decided_as, until)
      SELECT $2, case_id, 'user', $3::text, $3::text::bigint, $4, 'spam', 1, 'Spam.', 'senior', $5 FROM opened`,
    values: [caseId, decisionId, ownerId, action, until],
  })
  return decisionId
}
const reverse = (tx: Transaction, decisionId: string) =>
  tx.query({
    text: 'UPDATE moderation_decisions SET reversed_at = now() WHERE decision_id = $1',
    values: [decisionId],
  })

describe('a suspension', () => {
  it('hides the account everywhere at once, and its end shows it again', async () => {
    const [ann, bob] = [await world.signUp(), await world.signUp()]
    await call(bob, 'PUT', `/users/${ann.username}/follow`)
    const photoId = await world.seedPhoto({ ownerId: ann.id })
    const bobs = await world.seedPhoto({ ownerId: bob.id })
    const { comment } = (await call(ann, 'POST', `/photos/${bobs}/comments`, { text: 'Fog!' })).body
    await call(ann, 'PUT', `/photos/${bobs}/like`)
    const { album } = (await call(ann, 'POST', '/albums', { title: 'Fog' })).body
    await call(ann, 'PUT', `/albums/${album.id}/photos/${photoId}`)
    const { link } = (await call(ann, 'POST', `/albums/${album.id}/share-links`, {})).body
    const views = async () => ({
      photo: (await call(undefined, 'GET', `/photos/${photoId}`)).status,
      profile: (await call(bob, 'GET', `/users/${ann.username}`)).status,
      photos: await idsIn(bob, `/users/${ann.username}/photos`),
      feed: (await idsIn(bob, '/feed')).includes(photoId),
      search: (await idsIn(bob, `/search/photos?user=${ann.username}`)).includes(photoId),
      users: (await idsIn(bob, `/search/users?q=${ann.username}`)).includes(ann.id),
      comments: (await idsIn(bob, `/photos/${bobs}/comments`)).includes(comment.id),
      likes: (await idsIn(bob, `/photos/${bobs}/likes`)).includes(ann.id),
      link: (await call(undefined, 'GET', `/share/${link.token}`)).status,
    })
    const before = await views()
    expect(before).toMatchObject({ photo: 200, profile: 200, photos: [photoId], feed: true, users: true })
    expect(before).toMatchObject({ comments: true, likes: true, link: 200 })

    const until = inDays(7)
    expect(await within((tx) => suspendAccount(tx, { userId: ann.id, until }))).toHaveLength(2)
    expect(await rowOf(ann.id)).toEqual({ status: 'suspended', until, limited: false, retracted: true })
    expect(await views()).toEqual({
      photo: 404,
      profile: 404,
      photos: ['404'],
      feed: false,
      search: false,
      users: false,
      comments: false,
      likes: false,
      link: 404,
    })

    expect(await within((tx) => liftSuspension(tx, ann.id))).toHaveLength(1)
    // What is given back waits for no replica.
    await settle(world.db)
    expect(await views()).toEqual(before)
    expect(await within((tx) => liftSuspension(tx, ann.id))).toEqual([])
  })

  it('is lengthened by another, and never shortened', async () => {
    const { id: userId } = await world.signUp()
    const [week, month] = [inDays(7), inDays(30)]
    const suspend = (until: Date | null) => within((tx) => suspendAccount(tx, { userId, until }))
    await suspend(month)
    expect(await suspend(week)).toHaveLength(1)
    expect((await rowOf(userId)).until).toEqual(month)
    await suspend(null)
    await suspend(week)
    expect((await rowOf(userId)).until).toBeNull()
  })

  it('stays as long as another decision that stands asks for it', async () => {
    const { id: userId } = await world.signUp()
    const week = inDays(7)
    const [first, second] = [await decide(userId, 'suspend', week), await decide(userId, 'suspend', null)]
    await decide(userId, 'suspend', inDays(-1))
    await within((tx) => suspendAccount(tx, { userId, until: null }))
    const lift = (decisionId: string) =>
      within(async (tx) => {
        await reverse(tx, decisionId)
        return liftSuspension(tx, userId)
      })
    expect(await lift(second)).toHaveLength(1)
    expect(await rowOf(userId)).toMatchObject({ status: 'suspended', until: week })
    expect(await lift(first)).toHaveLength(1)
    expect(await rowOf(userId)).toMatchObject({ status: 'active', until: null })
  })

  it('of an absent account is refused', async () => {
    const suspending = within((tx) => suspendAccount(tx, { userId: '999999999999', until: null }))
    await expect(suspending).rejects.toMatchObject({ code: 'not_found' })
  })

  it('of a deactivated account waits for its return', async () => {
    const { id: userId } = await world.signUp()
    await setAccountStatus(world.db, userId, 'deactivated')
    const until = inDays(7)
    const decision = await decide(userId, 'suspend', until)
    expect(await within((tx) => suspendAccount(tx, { userId, until }))).toHaveLength(1)
    expect(await rowOf(userId)).toMatchObject({ status: 'deactivated', until: null })
    expect((await within((tx) => comeBack(tx, userId)))?.outboxIds).toHaveLength(2)
    expect(await rowOf(userId)).toMatchObject({ status: 'suspended', until })

    await setAccountStatus(world.db, userId, 'deactivated')
    await within(async (tx) => {
      await reverse(tx, decision)
      expect(await liftSuspension(tx, userId)).toEqual([])
    })
    await within((tx) => comeBack(tx, userId))
    expect(await rowOf(userId)).toMatchObject({ status: 'active', until: null })
  })
})

describe('a limited account', () => {
  it('is limited until no decision that stands asks for it', async () => {
    const { id: userId } = await world.signUp()
    const decision = await decide(userId, 'limit', null)
    await within((tx) => limitAccount(tx, userId))
    await within((tx) => liftAccountLimit(tx, userId))
    expect(await rowOf(userId)).toMatchObject({ limited: true, status: 'active' })
    await within(async (tx) => {
      await reverse(tx, decision)
      await liftAccountLimit(tx, userId)
    })
    expect((await rowOf(userId)).limited).toBe(false)
  })
})
