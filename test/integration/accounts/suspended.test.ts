import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DAY_MS } from '../../../src/domain/moderation.ts'
import {
  liftSuspension,
  limitAccount,
  suspendAccount,
} from '../../../src/services/moderation/measures/account.ts'
import { openApiWorld, type ApiWorld, type Person } from '../../support/worlds/api-world.ts'

let world: ApiWorld
beforeAll(async () => {
  world = await openApiWorld({ RATE_LIMITS: 'true' })
})
afterAll(() => world?.close())

const call = (token: string | undefined, method: string, path: string, body?: unknown) =>
  world.call(method, `/v1${path}`, { token, ...(body === undefined ? {} : { body }) })
const suspend = ({ id: userId }: Person, until: Date | null = null) =>
  world.db.transaction((tx) => suspendAccount(tx, { userId, until }))
/** How long a process goes by what it read of an account, and some. */
const SOON = { timeout: 5_000 }

describe('a suspended account', () => {
  it('signs in and refreshes, and gets no further than its own account', async () => {
    const ann = await world.signUp()
    const until = new Date(Date.now() + 7 * DAY_MS)
    await suspend(ann, until)
    const signedIn = await call(undefined, 'POST', '/sessions', {
      username: ann.username,
      password: ann.password,
    })
    expect(signedIn.status).toBe(201)
    const refreshed = await call(undefined, 'POST', '/sessions/refresh', {
      refreshToken: signedIn.body.refreshToken,
    })
    expect(refreshed.status).toBe(200)
    const token = refreshed.body.accessToken
    const me = await call(token, 'GET', '/me')
    expect(me.body.user.suspension).toEqual({ until: until.toISOString() })
    for (const [method, path, body] of [
      ['GET', '/feed'],
      ['GET', `/users/${ann.username}`],
      ['PATCH', '/me', { bio: 'Free.' }],
      ['POST', '/photos', { contentType: 'image/jpeg', bytes: 10 }],
    ] as const) {
      const { status, body: problem } = await call(token, method, path, body)
      expect({ status, code: problem.code }).toEqual({ status: 403, code: 'account_suspended' })
      expect(problem.detail).toContain(until.toISOString())
    }
    expect((await call(token, 'DELETE', '/sessions/current')).status).toBe(204)
  })

  it('is refused with the token that it had, and served after the end', async () => {
    const ann = await world.signUp()
    const statusOf = async () => (await call(ann.token, 'GET', '/feed')).status
    expect(await statusOf()).toBe(200)
    await suspend(ann)
    await expect.poll(statusOf, SOON).toBe(403)
    expect((await call(ann.token, 'GET', '/me')).body.user.suspension).toEqual({ until: null })
    await world.db.transaction((tx) => liftSuspension(tx, ann.id))
    await expect.poll(statusOf, SOON).toBe(200)
    expect((await call(ann.token, 'GET', '/me')).body.user.suspension).toBeNull()
  })
})

describe('a limited account', () => {
  it('writes a tenth as often as others, and reads as they do', async () => {
    const [ann, bob] = [await world.signUp(), await world.signUp()]
    await world.db.transaction((tx) => limitAccount(tx, ann.id))
    const left = async (who: Person, method: string, path: string, body?: unknown) => {
      const { headers } = await call(who.token, method, path, body)
      return [
        Number(/q=(\d+)/.exec(headers.get('RateLimit-Policy')!)![1]),
        Number(/r=(\d+)/.exec(headers.get('RateLimit')!)![1]),
      ] as const
    }
    const [writes, annWrites] = await left(ann, 'PATCH', '/me', { bio: 'Fog.' })
    expect(annWrites).toBe(writes - 10)
    expect((await left(bob, 'PATCH', '/me', { bio: 'Fog.' }))[1]).toBe(writes - 1)
    const [reads, annReads] = await left(ann, 'GET', '/me')
    expect(annReads).toBe(reads - 1)
  })
})
