import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PasskeyAssertion } from '../../../src/services/accounts/webauthn.ts'
import { createAuthenticator, PASSKEY_SETTINGS } from '../../support/authenticator.ts'
import { setAccountStatus } from '../../support/factories/accounts.ts'
import {
  addPasskey,
  makeRecoveryCodes,
  securityEventsOf,
  sendPassword,
  signedInLongAgo,
} from '../../support/factories/second-factors.ts'
import { openApiWorld, type ApiWorld } from '../../support/worlds/api-world.ts'
import { passkeyCalls } from '../../support/factories/passkey-calls.ts'

let world: ApiWorld
beforeAll(async () => {
  world = await openApiWorld(PASSKEY_SETTINGS)
})
afterAll(() => world?.close())

const { optionsToAdd, add, signIn, listed } = passkeyCalls(() => world)

describe('a passkey', () => {
  it('is added, listed with its last use, and deleted', async () => {
    const ann = await world.signUp()
    const authenticator = createAuthenticator()
    const added = await add(ann, {
      ...authenticator.create(await optionsToAdd(ann)),
      name: 'Ann’s key',
    })
    expect(added).toMatchObject({ status: 201, body: { passkey: { name: 'Ann’s key', lastUsedAt: null } } })
    expect((await world.call('GET', '/v1/me', { token: ann.token })).body.twoFactor.passkeys).toBe(1)
    expect((await signIn(authenticator)).status).toBe(201)
    const [passkey] = await listed(ann)
    expect(passkey).toMatchObject({ id: added.body.passkey.id, backedUp: true })
    expect(passkey.lastUsedAt).not.toBeNull()
    const remove = (token: string) => world.call('DELETE', `/v1/me/passkeys/${passkey.id}`, { token })
    expect((await remove((await world.signUp()).token)).status).toBe(404)
    expect((await remove(ann.token)).status).toBe(204)
    expect((await remove(ann.token)).status).toBe(404)
    expect((await signIn(authenticator)).body.code).toBe('bad_credentials')
    expect(await securityEventsOf(world, ann)).toEqual(['factor_removed', 'factor_added'])
  })

  it('is asked for after the password, and signs in so', async () => {
    const ann = await world.signUp()
    const { authenticator } = await addPasskey(world, ann)
    const { body } = await sendPassword(world, ann)
    expect(body).toMatchObject({ code: 'two_factor_required', methods: ['passkey'] })
    expect(body.passkeyOptions.challenge).toBe(body.challenge)
    expect(body.passkeyOptions.allowCredentials).toHaveLength(1)
    const passkey = authenticator.get(body.passkeyOptions)
    const answer = { challenge: body.challenge, passkey }
    const signedIn = await world.call('POST', '/v1/sessions/two-factor', { body: answer })
    expect(signedIn).toMatchObject({ status: 201, body: { user: { id: ann.id } } })
    const again = await world.call('POST', '/v1/sessions/two-factor', { body: answer })
    expect(again.body.code).toBe('unauthenticated')
  })

  it('that is lost is replaced by a recovery code', async () => {
    const ann = await world.signUp()
    await addPasskey(world, ann)
    const [code] = await makeRecoveryCodes(world, ann)
    const { challenge, methods } = (await sendPassword(world, ann)).body
    expect(methods).toEqual(['recovery_code', 'passkey'])
    const answered = await world.call('POST', '/v1/sessions/two-factor', { body: { challenge, code } })
    expect(answered.status).toBe(201)
  })

  it('proves presence once, to the session that asked', async () => {
    const ann = await world.signUp()
    const { authenticator } = await addPasskey(world, ann)
    const other = (await signIn(authenticator)).body.accessToken
    await signedInLongAgo(world, ann)
    const ask = async () =>
      authenticator.get((await world.call('POST', '/v1/me/presence/options', { token: ann.token })).body)
    const prove = (token: string, passkey: PasskeyAssertion) =>
      world.call('POST', '/v1/me/two-factor/recovery-codes', { token, body: { passkey } })
    expect((await prove(other, await ask())).status).toBe(422)
    const passkey = await ask()
    expect((await prove(ann.token, passkey)).status).toBe(201)
    expect((await prove(ann.token, passkey)).status).toBe(422)
  })

  it('beside the password needs nobody to be recognized, and alone it does', async () => {
    const ann = await world.signUp()
    const { authenticator } = await addPasskey(world, ann, createAuthenticator({ verifiesUser: false }))
    expect((await signIn(authenticator)).body.code).toBe('bad_credentials')
    const { challenge, passkeyOptions } = (await sendPassword(world, ann)).body
    const body = { challenge, passkey: authenticator.get(passkeyOptions) }
    expect((await world.call('POST', '/v1/sessions/two-factor', { body })).status).toBe(201)
  })

  it('lets a suspended account in, and a deactivated one back', async () => {
    const ann = await world.signUp()
    const { authenticator } = await addPasskey(world, ann)
    await setAccountStatus(world.db, ann.id, 'suspended')
    expect((await signIn(authenticator)).status).toBe(201)
    await setAccountStatus(world.db, ann.id, 'deactivated')
    expect((await signIn(authenticator)).status).toBe(201)
    const [row] = await world.db.primary({
      text: 'SELECT status FROM users WHERE user_id = $1',
      values: [ann.id],
    })
    expect(row).toEqual({ status: 'active' })
  })
})
