import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sweepFactors } from '../../../src/services/accounts/sweep-factors.ts'
import { setAccountStatus } from '../../support/factories/accounts.ts'
import {
  addApp,
  answerWith,
  challengeOf,
  makeRecoveryCodes,
  sendPassword,
  signInWith,
} from '../../support/factories/second-factors.ts'
import { openApiWorld, type ApiWorld } from '../../support/worlds/api-world.ts'

let world: ApiWorld
beforeAll(async () => {
  world = await openApiWorld()
})
afterAll(() => world?.close())

describe('a challenge', () => {
  it('is answered once', async () => {
    const ann = await world.signUp()
    await addApp(world, ann)
    const codes = await makeRecoveryCodes(world, ann)
    const challenge = await challengeOf(world, ann)
    expect((await answerWith(world, challenge, codes[0]!)).status).toBe(201)
    expect((await answerWith(world, challenge, codes[1]!)).body.code).toBe('unauthenticated')
    const both = await challengeOf(world, ann)
    const answers = await Promise.all([codes[2]!, codes[3]!].map((code) => answerWith(world, both, code)))
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 401])
  })

  it('of one account does not take the code of another', async () => {
    const [ann, bob] = [await world.signUp(), await world.signUp()]
    const [anns] = await Promise.all([addApp(world, ann), addApp(world, bob)])
    const answered = await answerWith(world, await challengeOf(world, bob), anns.code())
    expect(answered).toMatchObject({ status: 401, body: { code: 'bad_credentials' } })
  })

  it('ends after five minutes, and after five wrong answers', async () => {
    const ann = await world.signUp()
    const app = await addApp(world, ann)
    const expired = await challengeOf(world, ann)
    await world.db.primary({
      text: `UPDATE factor_challenges SET expires_at = expires_at - interval '301 seconds' WHERE user_id = $1`,
      values: [ann.id],
    })
    expect((await answerWith(world, expired, app.code())).body.code).toBe('unauthenticated')
    const tried = await challengeOf(world, ann)
    for (let n = 0; n < 5; n++)
      expect((await answerWith(world, tried, '000 00x')).body.code).toBe('bad_credentials')
    expect((await answerWith(world, tried, app.code())).body.code).toBe('unauthenticated')
    expect((await signInWith(world, ann, app.code())).status).toBe(201)
  })

  it('is answered by the device that asked', async () => {
    const ann = await world.signUp()
    const app = await addApp(world, ann)
    const challenge = (await sendPassword(world, ann, { 'User-Agent': 'Phone' })).body.challenge
    expect((await answerWith(world, challenge, app.code(), { 'User-Agent': 'Other' })).body.code).toBe(
      'unauthenticated',
    )
    expect((await answerWith(world, challenge, app.code(), { 'User-Agent': 'Phone' })).status).toBe(201)
  })

  it('ends with the password that it followed', async () => {
    const ann = await world.signUp()
    const app = await addApp(world, ann)
    const challenge = await challengeOf(world, ann)
    const body = { currentPassword: ann.password, newPassword: `${randomBytes(8).toString('hex')} lenses` }
    expect((await world.call('PUT', '/v1/me/password', { token: ann.token, body })).status).toBe(204)
    expect((await answerWith(world, challenge, app.code())).body.code).toBe('unauthenticated')
  })

  it('lets a suspended account in, and a deactivated one back', async () => {
    const ann = await world.signUp()
    const app = await addApp(world, ann)
    await setAccountStatus(world.db, ann.id, 'suspended')
    expect((await signInWith(world, ann, app.code())).status).toBe(201)
    await setAccountStatus(world.db, ann.id, 'active')
    const challenge = await challengeOf(world, ann)
    await setAccountStatus(world.db, ann.id, 'deactivated')
    expect((await answerWith(world, challenge, app.code(1))).status).toBe(201)
    const [row] = await world.db.primary({
      text: 'SELECT status FROM users WHERE user_id = $1',
      values: [ann.id],
    })
    expect(row).toEqual({ status: 'active' })
  })

  it('keeps what the device said of itself', async () => {
    const ann = await world.signUp()
    const app = await addApp(world, ann)
    const { username, password: right } = ann
    const body = { username, password: right, deviceName: 'Ann’s phone', refreshToken: ann.refreshToken }
    const { challenge } = (await world.call('POST', '/v1/sessions', { body })).body
    const { accessToken } = (await answerWith(world, challenge, app.code())).body
    const { items } = (await world.call('GET', '/v1/sessions', { token: accessToken })).body
    expect(items[0].name).toBe('Ann’s phone')
  })

  it.each([
    ['', 422],
    ['x', 401],
    ['A'.repeat(43), 401],
    ['A'.repeat(65), 422],
  ])('that nobody made is refused: %j', async (challenge, status) => {
    expect((await answerWith(world, challenge, '123456')).status).toBe(status)
  })

  it('is kept as a hash, and swept once it has expired', async () => {
    const ann = await world.signUp()
    await addApp(world, ann)
    const challenge = await challengeOf(world, ann)
    const stored = await world.db.primary({
      text: `SELECT c::text AS row FROM factor_challenges c WHERE user_id = $1`,
      values: [ann.id],
    })
    expect(JSON.stringify(stored)).not.toContain(challenge)
    const left = async () => (await world.rowCounts())['factor_challenges']!
    const before = await left()
    await world.db.primary({
      text: `UPDATE factor_challenges SET expires_at = now() WHERE user_id = $1`,
      values: [ann.id],
    })
    expect(await sweepFactors(world.db.primary).run()).toBeGreaterThan(0)
    expect(await left()).toBeLessThan(before)
  })
})
