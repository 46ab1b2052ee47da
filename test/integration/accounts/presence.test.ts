import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  addApp,
  makeRecoveryCodes,
  sendPassword,
  signedInLongAgo,
} from '../../support/factories/second-factors.ts'
import { openApiWorld, type ApiWorld, type Person } from '../../support/worlds/api-world.ts'

let world: ApiWorld
beforeAll(async () => {
  world = await openApiWorld()
})
afterAll(() => world?.close())

const totp = (method: string, who: Person, path = '', body?: object) =>
  world.call(method, `/v1/me/two-factor/totp${path}`, { token: who.token, body })

describe('a proof of presence', () => {
  const remove = (who: Person, body?: object) => totp('DELETE', who, '', body)

  it('is asked of a device that signed in long ago', async () => {
    const ann = await world.signUp()
    const app = await addApp(world, ann)
    await signedInLongAgo(world, ann)
    for (const [method, path] of [
      ['POST', '/v1/me/two-factor/totp'],
      ['DELETE', '/v1/me/two-factor/totp'],
      ['POST', '/v1/me/two-factor/recovery-codes'],
      ['POST', '/v1/me/passkeys/options'],
    ] as const) {
      const refused = await world.call(method, path, { token: ann.token })
      expect(refused, path).toMatchObject({ status: 403, body: { code: 'presence_required' } })
    }
    expect(await remove(ann, { password: 'none of hers' })).toMatchObject({
      status: 422,
      body: { errors: [{ path: 'body.password' }] },
    })
    expect((await remove(ann, { code: app.code(9) })).body.errors[0].path).toBe('body.code')
    expect((await remove(ann, { code: app.code() })).status).toBe(204)
  })

  it('is a password, a code or a recovery code, and each code once', async () => {
    const ann = await world.signUp()
    const app = await addApp(world, ann)
    const [recovery] = await makeRecoveryCodes(world, ann)
    await signedInLongAgo(world, ann)
    const enrol = (body: object) => totp('POST', ann, '', body)
    expect((await enrol({ password: ann.password })).status).toBe(201)
    const code = app.code()
    expect((await enrol({ code })).status).toBe(201)
    expect((await enrol({ code })).status).toBe(422)
    expect((await enrol({ code: recovery })).status).toBe(201)
    expect((await enrol({ code: recovery })).status).toBe(422)
  })

  it('is more than the password of a device that never proved a factor', async () => {
    const ann = await world.signUp()
    const before = (await sendPassword(world, ann)).body.accessToken as string
    const app = await addApp(world, ann)
    const prove = (body?: object) =>
      world.call('POST', '/v1/me/two-factor/recovery-codes', { token: before, body })
    expect((await prove()).body.code).toBe('presence_required')
    expect((await prove({ password: ann.password })).body.errors[0].path).toBe('body.password')
    expect((await prove({ code: app.code() })).status).toBe(201)
    expect((await prove({ password: ann.password })).status).toBe(201)
  })

  it.each([{}, { password: 'a', code: '123456' }, { pin: '1234' }, []])(
    'is one of three: %j',
    async (body) => {
      expect((await totp('POST', await world.signUp(), '', body)).status).toBe(422)
    },
  )
})
