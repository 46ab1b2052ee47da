import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sweepFactors } from '../../../src/services/accounts/sweep-factors.ts'
import {
  addApp,
  answerWith,
  challengeOf,
  forgetLastCode,
  makeRecoveryCodes,
  openApp,
  securityEventsOf,
  sendPassword,
  signInWith,
} from '../../support/factories/second-factors.ts'
import { openApiWorld, type ApiWorld, type Person } from '../../support/worlds/api-world.ts'

let world: ApiWorld
beforeAll(async () => {
  world = await openApiWorld()
})
afterAll(() => world?.close())

const me = async (who: Person) => (await world.call('GET', '/v1/me', { token: who.token })).body
const totp = (method: string, who: Person, path = '', body?: object) =>
  world.call(method, `/v1/me/two-factor/totp${path}`, { token: who.token, body })

describe('an authenticator app', () => {
  it('asks for nothing until a code of it is confirmed', async () => {
    const ann = await world.signUp()
    const { body } = await totp('POST', ann)
    expect(body.otpauthUrl).toContain(`secret=${body.secret}`)
    expect(new URL(body.otpauthUrl).pathname).toContain(ann.username)
    expect((await sendPassword(world, ann)).status).toBe(201)
    expect((await me(ann)).twoFactor).toEqual({ totp: false, passkeys: 0, recoveryCodes: 0 })
    const app = openApp(body.secret)
    expect((await totp('POST', ann, '/confirm', { code: app.code(-9) })).status).toBe(422)
    expect((await totp('POST', ann, '/confirm', { code: app.code() })).status).toBe(204)
    expect((await me(ann)).twoFactor).toEqual({ totp: true, passkeys: 0, recoveryCodes: 0 })
    expect((await sendPassword(world, ann)).body).toMatchObject({
      code: 'two_factor_required',
      methods: ['totp'],
    })
    expect(await securityEventsOf(world, ann)).toContain('factor_added')
  })

  it('signs in with its code, after the password', async () => {
    const ann = await world.signUp()
    const app = await addApp(world, ann)
    const signedIn = await signInWith(world, ann, app.code())
    expect(signedIn).toMatchObject({ status: 201, body: { user: { id: ann.id } } })
    expect((await world.call('GET', '/v1/me', { token: signedIn.body.accessToken })).status).toBe(200)
    const { refreshToken } = signedIn.body
    expect((await world.call('POST', '/v1/sessions/refresh', { body: { refreshToken } })).status).toBe(200)
  })

  it('gives a password alone no session', async () => {
    const ann = await world.signUp()
    await addApp(world, ann)
    const before = await world.rowCounts()
    const { body } = await sendPassword(world, ann)
    expect(Object.keys(body)).not.toContain('accessToken')
    expect(await world.rowCounts()).toEqual({
      ...before,
      factor_challenges: before['factor_challenges']! + 1,
    })
  })

  it('takes a code that is a little early, and none that is late', async () => {
    const ann = await world.signUp()
    const app = await addApp(world, ann)
    for (const steps of [-3, 10])
      expect((await signInWith(world, ann, app.code(steps))).body.code).toBe('bad_credentials')
    expect((await signInWith(world, ann, app.code(1))).status).toBe(201)
  })

  it('takes a code once, and then none before it', async () => {
    const ann = await world.signUp()
    const app = await addApp(world, ann)
    const code = app.code(1)
    expect((await signInWith(world, ann, code)).status).toBe(201)
    expect((await signInWith(world, ann, code)).body.code).toBe('bad_credentials')
    expect((await signInWith(world, ann, app.code())).body.code).toBe('bad_credentials')
  })

  it('takes the code that confirmed it for nothing else', async () => {
    const ann = await world.signUp()
    const { body } = await totp('POST', ann)
    const code = openApp(body.secret).code()
    await totp('POST', ann, '/confirm', { code })
    expect((await signInWith(world, ann, code)).body.code).toBe('bad_credentials')
  })

  it('lets one of many in that send the same code at once', async () => {
    const ann = await world.signUp()
    const app = await addApp(world, ann)
    const challenges = await Promise.all(Array.from({ length: 6 }, () => challengeOf(world, ann)))
    const code = app.code(1)
    const answers = await Promise.all(challenges.map((challenge) => answerWith(world, challenge, code)))
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 401, 401, 401, 401, 401])
  })

  it('is confirmed by one of two requests at once', async () => {
    const ann = await world.signUp()
    const { body } = await totp('POST', ann)
    const code = openApp(body.secret).code()
    const answers = await Promise.all([1, 2].map(() => totp('POST', ann, '/confirm', { code })))
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 404])
  })

  it('is replaced by another one once that is confirmed', async () => {
    const ann = await world.signUp()
    const first = await addApp(world, ann)
    const { body } = await totp('POST', ann)
    expect((await signInWith(world, ann, first.code())).status).toBe(201)
    const second = openApp(body.secret)
    expect((await totp('POST', ann, '/confirm', { code: second.code() })).status).toBe(204)
    await forgetLastCode(world, ann)
    expect((await signInWith(world, ann, first.code(1))).body.code).toBe('bad_credentials')
    expect((await signInWith(world, ann, second.code())).status).toBe(201)
  })

  it('is kept encrypted, and confirmed within an hour', async () => {
    const ann = await world.signUp()
    const { body } = await totp('POST', ann)
    const [stored] = await world.db.primary<{ secret: string }>({
      text: `UPDATE totp_secrets SET created_at = created_at - interval '61 minutes' WHERE user_id = $1 RETURNING secret`,
      values: [ann.id],
    })
    expect(stored!.secret).toMatch(/^t1\.[\w-]{60,}$/)
    expect(world.logLines.join('')).not.toContain(body.secret)
    const late = await totp('POST', ann, '/confirm', { code: openApp(body.secret).code() })
    expect(late.status).toBe(404)
    expect(await sweepFactors(world.db.primary).run()).toBeGreaterThan(0)
    const left = await world.db.primary({
      text: 'SELECT FROM totp_secrets WHERE user_id = $1',
      values: [ann.id],
    })
    expect(left).toEqual([])
  })

  it('is encrypted again under a new key once a code of it is taken', async () => {
    const ann = await world.signUp()
    const app = await addApp(world, ann)
    const keyOf = async () => {
      const [row] = await world.db.primary<{ key: string }>({
        text: `SELECT split_part(secret, '.', 1) AS key FROM totp_secrets WHERE user_id = $1`,
        values: [ann.id],
      })
      return row!.key
    }
    expect(await keyOf()).toBe('t1')
    const rotated = await openApiWorld({ TOTP_KEYS: `t2:${'new'.repeat(12)},${process.env.TOTP_KEYS!}` })
    try {
      expect((await signInWith(rotated, ann, app.code())).status).toBe(201)
      expect(await keyOf()).toBe('t2')
      expect((await signInWith(rotated, ann, app.code(1))).status).toBe(201)
    } finally {
      await rotated.close()
    }
  })

  it('is removed, and the password is enough again', async () => {
    const ann = await world.signUp()
    await addApp(world, ann)
    await makeRecoveryCodes(world, ann)
    expect((await totp('DELETE', ann)).status).toBe(204)
    expect((await totp('DELETE', ann)).status).toBe(404)
    expect((await sendPassword(world, ann)).status).toBe(201)
    expect((await me(ann)).twoFactor).toEqual({ totp: false, passkeys: 0, recoveryCodes: 0 })
    expect(await securityEventsOf(world, ann)).toContain('factor_removed')
  })
})
