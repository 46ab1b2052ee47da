import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { hash } from '@node-rs/argon2'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { signOutAccount } from '../../../src/services/accounts/sign-out-account.ts'
import { openApiWorld, type ApiWorld, type Person } from '../../support/worlds/api-world.ts'

let world: ApiWorld
let host = 0

beforeAll(async () => {
  world = await openApiWorld({ TRUSTED_PROXY_HOPS: '1' })
})
afterAll(() => world?.close())

/** Each a network of its own. */
const elsewhere = () => ({
  'X-Forwarded-For': `2001:db8:${(host++).toString(16)}:${randomBytes(2).toString('hex')}::1`,
})
const signIn = (
  who: Person,
  password = who.password,
  headers: Record<string, string> = {},
  more: object = {},
) => world.call('POST', '/v1/sessions', { body: { username: who.username, password, ...more }, headers })
const refresh = (refreshToken: string) =>
  world.call('POST', '/v1/sessions/refresh', { body: { refreshToken } })
const eventsOf = async (token: string) =>
  (await world.call('GET', '/v1/me/security-events', { token })).body.items.map(
    ({ kind }: { kind: string }) => kind,
  )

describe('changing the password', () => {
  const change = (who: Person, currentPassword: string, newPassword: string) =>
    world.call('PUT', '/v1/me/password', { token: who.token, body: { currentPassword, newPassword } })

  it('signs others out, and lets the new one alone in', async () => {
    const ann = await world.signUp()
    const other = await signIn(ann)
    const next = randomUUID()
    expect((await change(ann, ann.password, next)).status).toBe(204)
    expect((await refresh(other.body.refreshToken)).status).toBe(401)
    expect((await refresh(ann.refreshToken)).status).toBe(200)
    expect((await signIn(ann)).body.code).toBe('bad_credentials')
    expect((await signIn(ann, next)).status).toBe(201)
    expect(await eventsOf(ann.token)).toContain('password_changed')
  })

  it.each([
    ['a wrong present one', randomUUID(), 'seven quiet lenses', 'body.currentPassword'],
    ['a common one', undefined, 'password123', 'body.newPassword'],
    ['a short one', undefined, 'x7-!', 'body.newPassword'],
    ['the same again', undefined, undefined, 'body.newPassword'],
  ])('refuses %s, and changes nothing', async (_what, current, next, path) => {
    const ann = await world.signUp()
    const answer = await change(ann, current ?? ann.password, next ?? ann.password)
    expect(answer).toMatchObject({ status: 422, body: { code: 'invalid', errors: [{ path }] } })
    expect((await signIn(ann)).status).toBe(201)
  })

  it('refuses the name of the account', async () => {
    const ann = await world.signUp()
    expect((await change(ann, ann.password, `${ann.username}2026`)).status).toBe(422)
  })

  it('happens once of two at the same time', async () => {
    const ann = await world.signUp()
    const [one, two] = [randomUUID(), randomUUID()]
    const answers = await Promise.all([change(ann, ann.password, one), change(ann, ann.password, two)])
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 422])
    const works = await Promise.all([signIn(ann, one), signIn(ann, two)])
    expect(works.map(({ status }) => status).sort()).toEqual([201, 401])
  })
})

describe('refresh tokens', () => {
  const sessionOf = (token: string) => token.split('.')[0]!
  const later = (token: string, seconds: number) =>
    world.db.primary({
      text: `UPDATE sessions SET renewed_at = renewed_at - $2 * interval '1 second' WHERE session_id = $1`,
      values: [sessionOf(token), seconds],
    })

  it('have no rows', async () => {
    const ann = await world.signUp()
    await refresh(ann.refreshToken)
    const rows = await world.db.primary({
      text: 'SELECT FROM refresh_tokens WHERE session_id = $1',
      values: [sessionOf(ann.refreshToken)],
    })
    expect(rows).toHaveLength(0)
  })

  it('give the same next one to all who ask within 10 s', async () => {
    const ann = await world.signUp()
    const answers = await Promise.all(Array.from({ length: 5 }, () => refresh(ann.refreshToken)))
    expect(new Set(answers.map(({ body }) => body.refreshToken)).size).toBe(1)
  })

  it('end the session when one is used again, and tell the account', async () => {
    const ann = await world.signUp()
    const other = await signIn(ann)
    const next = await refresh(ann.refreshToken)
    await later(ann.refreshToken, 11)
    expect((await refresh(ann.refreshToken)).status).toBe(401)
    expect((await refresh(next.body.refreshToken)).status).toBe(401)
    expect((await refresh(other.body.refreshToken)).status).toBe(200)
    expect(await eventsOf(other.body.accessToken)).toContain('token_reused')
  })

  it('two generations old end the session even within 10 s', async () => {
    const ann = await world.signUp()
    const second = await refresh(ann.refreshToken)
    const third = await refresh(second.body.refreshToken)
    expect((await refresh(ann.refreshToken)).status).toBe(401)
    expect((await refresh(third.body.refreshToken)).status).toBe(401)
  })

  it('end with their session, however often they are used', async () => {
    const ann = await world.signUp()
    await world.db.primary({
      text: `UPDATE sessions SET created_at = created_at - interval '364 days' WHERE session_id = $1`,
      values: [sessionOf(ann.refreshToken)],
    })
    const next = await refresh(ann.refreshToken)
    expect(next.status).toBe(200)
    const [session] = (await world.call('GET', '/v1/sessions', { token: ann.token })).body.items
    expect(Date.parse(session.expiresAt) - Date.now()).toBeLessThan(86_400_000)
    await world.db.primary({
      text: `UPDATE sessions SET expires_at = now() WHERE session_id = $1`,
      values: [sessionOf(ann.refreshToken)],
    })
    expect((await refresh(next.body.refreshToken)).status).toBe(401)
  })

  it('of before generations are exchanged once', async () => {
    const ann = await world.signUp()
    const old = `${sessionOf(ann.refreshToken)}.${randomBytes(32).toString('base64url')}`
    await world.db.primary({
      text: 'INSERT INTO refresh_tokens (token_hash, session_id) VALUES ($1, $2)',
      values: [createHash('sha256').update(old).digest(), sessionOf(old)],
    })
    const [one, two] = await Promise.all([refresh(old), refresh(old)])
    expect([one.status, two.status]).toEqual([200, 200])
    expect(one.body.refreshToken).toBe(two.body.refreshToken)
    await world.db.primary({
      text: `UPDATE refresh_tokens SET retired_at = retired_at - interval '11 seconds' WHERE session_id = $1`,
      values: [sessionOf(old)],
    })
    expect((await refresh(old)).status).toBe(401)
    expect((await refresh(one.body.refreshToken)).status).toBe(401)
  })
})

describe('devices', () => {
  it('are told of when they are new, and not when they are known', async () => {
    const ann = await world.signUp()
    const here = elsewhere()
    await signIn(ann, ann.password, here)
    expect(await eventsOf(ann.token)).toEqual(['new_device'])
    const again = await signIn(ann, ann.password, here)
    await signIn(ann, ann.password, elsewhere(), { refreshToken: again.body.refreshToken })
    expect(await eventsOf(ann.token)).toEqual(['new_device'])
    await signIn(ann, ann.password, elsewhere(), {
      refreshToken: `${again.body.refreshToken.slice(0, -2)}AA`,
    })
    expect(await eventsOf(ann.token)).toEqual(['new_device', 'new_device'])
  })

  it('have names, and are signed out everywhere else at once', async () => {
    const ann = await world.signUp()
    const phone = await signIn(ann, ann.password, {}, { deviceName: 'Ann’s phone' })
    const listed = await world.call('GET', '/v1/sessions', { token: ann.token })
    expect(listed.body.items[0].name).toBe('Ann’s phone')
    expect((await world.call('DELETE', '/v1/sessions', { token: phone.body.accessToken })).status).toBe(204)
    expect((await refresh(ann.refreshToken)).status).toBe(401)
    expect((await refresh(phone.body.refreshToken)).status).toBe(200)
    expect(await eventsOf(phone.body.accessToken)).toContain('sessions_ended')
  })

  it('are refused soon after their session has ended, by any of its tokens', async () => {
    const ann = await world.signUp()
    const [phone, tablet] = [await signIn(ann), await signIn(ann)]
    const me = async (token: string) => (await world.call('GET', '/v1/me', { token })).status
    expect(await me(tablet.body.accessToken)).toBe(200)
    await world.call('DELETE', '/v1/sessions/current', { token: tablet.body.accessToken })
    await expect.poll(() => me(tablet.body.accessToken), { timeout: 10_000 }).toBe(401)
    expect(await me(phone.body.accessToken)).toBe(200)
  })

  it('are all signed out by an operator, programs too if asked', async () => {
    const [ann, bob] = [await world.signUp(), await world.signUp()]
    const { body } = await world.call('POST', '/v1/me/tokens', {
      token: ann.token,
      body: { name: 'backup', scopes: ['read'] },
    })
    const me = async (token: string) => (await world.call('GET', '/v1/me', { token })).status
    expect(await signOutAccount(world.db, ann.username.toUpperCase())).toEqual({ sessions: 1, tokens: 0 })
    expect((await refresh(ann.refreshToken)).status).toBe(401)
    await expect.poll(() => me(ann.token), { timeout: 10_000 }).toBe(401)
    expect(await me(body.secret)).toBe(200)
    expect(await signOutAccount(world.db, ann.username, { tokens: true })).toEqual({ sessions: 0, tokens: 1 })
    expect(await me(body.secret)).toBe(401)
    expect(await me(bob.token)).toBe(200)
    await expect(signOutAccount(world.db, 'nobody-of-this-name')).rejects.toMatchObject({ code: 'not_found' })
  })

  it('of one account are not recognized by another', async () => {
    const [ann, bob] = [await world.signUp(), await world.signUp()]
    const here = elsewhere()
    const anns = await signIn(ann, ann.password, here)
    await signIn(bob, bob.password, here, { refreshToken: anns.body.refreshToken })
    expect(await eventsOf(bob.token)).toEqual(['new_device'])
  })

  it('are stored without their addresses', async () => {
    const ann = await world.signUp()
    const at = { 'X-Forwarded-For': '203.0.113.99' }
    await signIn(ann, ann.password, at)
    const stored = await world.db.primary({
      text: `SELECT s::text AS session, e::text AS event FROM sessions s LEFT JOIN security_events e USING (user_id) WHERE user_id = $1`,
      values: [ann.id],
    })
    expect(JSON.stringify(stored)).not.toContain('203.0.113')
  })
})

describe('passwords at rest', () => {
  it('get the parameters of today at the next sign-in', async () => {
    const ann = await world.signUp()
    const of = async () =>
      (
        await world.db.primary({
          text: 'SELECT password_hash FROM users WHERE user_id = $1',
          values: [ann.id],
        })
      )[0]!['password_hash']
    await world.db.primary({
      text: 'UPDATE users SET password_hash = $2 WHERE user_id = $1',
      values: [ann.id, await hash(ann.password, { memoryCost: 1_024, timeCost: 1 })],
    })
    expect((await signIn(ann)).status).toBe(201)
    expect(await of()).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
    expect((await signIn(ann)).status).toBe(201)
  })

  it.each(['password123', 'QWERTY123456'])('are not common ones such as %s', async (password) => {
    const body = { username: `u${randomBytes(6).toString('hex')}`, password }
    expect((await world.call('POST', '/v1/users', { body })).body).toMatchObject({
      code: 'invalid',
      errors: [{ path: 'body.password' }],
    })
  })
})
