import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AssertionOptions } from '../../../src/services/accounts/webauthn.ts'
import { createAuthenticator, PASSKEY_SETTINGS, type Authenticator } from '../../support/authenticator.ts'
import { addPasskey, securityEventsOf, sendPassword } from '../../support/factories/second-factors.ts'
import { openApiWorld, type ApiWorld, type Person } from '../../support/worlds/api-world.ts'

let world: ApiWorld
beforeAll(async () => {
  world = await openApiWorld(PASSKEY_SETTINGS)
})
afterAll(() => world?.close())

const optionsToAdd = async (who: Person) =>
  (await world.call('POST', '/v1/me/passkeys/options', { token: who.token })).body
const optionsToSignIn = async (): Promise<AssertionOptions> =>
  (await world.call('POST', '/v1/sessions/passkey/options')).body
const sendAssertion = (body: object) => world.call('POST', '/v1/sessions/passkey', { body })
const signIn = async (authenticator: Authenticator) =>
  sendAssertion(authenticator.get(await optionsToSignIn()))

describe('signing in with a passkey alone', () => {
  it('answers a challenge once, and of two requests at once one', async () => {
    const { authenticator } = await addPasskey(world, await world.signUp())
    const assertion = authenticator.get(await optionsToSignIn())
    const answers = await Promise.all([sendAssertion(assertion), sendAssertion(assertion)])
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 401])
    expect((await sendAssertion(assertion)).body.code).toBe('unauthenticated')
  })

  it('takes no challenge that was made for something else', async () => {
    const ann = await world.signUp()
    const { authenticator } = await addPasskey(world, ann)
    const presence = await world.call('POST', '/v1/me/presence/options', { token: ann.token })
    expect((await sendAssertion(authenticator.get(presence.body))).body.code).toBe('unauthenticated')
    const { challenge, passkeyOptions } = (await sendPassword(world, ann)).body
    expect((await sendAssertion(authenticator.get(passkeyOptions))).body.code).toBe('unauthenticated')
    const alone = authenticator.get(await optionsToSignIn())
    const body = { challenge, passkey: alone }
    expect((await world.call('POST', '/v1/sessions/two-factor', { body })).body.code).toBe('bad_credentials')
  })

  it.each([
    ['another origin', 'https://evil.photos.example', 'photos.example'],
    ['no origin of the service', 'https://photos.example', 'photos.example'],
  ])('is refused from %s', async (_where, origin, rpId) => {
    const { authenticator } = await addPasskey(world, await world.signUp())
    const assertion = authenticator.get({ ...(await optionsToSignIn()), rpId }, origin)
    expect((await sendAssertion(assertion)).body.code).toBe('bad_credentials')
  })

  it('is refused for another domain', async () => {
    const ann = await world.signUp()
    const authenticator = createAuthenticator()
    const { passkeyId } = await addPasskey(world, ann, authenticator)
    // A key that the same authenticator keeps for another domain, passed off as ours.
    const options = await optionsToAdd(ann)
    const foreign = authenticator.create(
      { ...options, excludeCredentials: [], rp: { id: 'photos.test', name: 'Other' } },
      'https://photos.test',
    )
    await world.db.primary({
      text: 'UPDATE passkeys SET credential_id = $2, public_key = $3 WHERE passkey_id = $1',
      values: [
        passkeyId,
        Buffer.from(foreign.id, 'base64url'),
        publicKeyIn(foreign.response.attestationObject),
      ],
    })
    const asked = { ...(await optionsToSignIn()), rpId: 'photos.test' }
    expect((await sendAssertion(authenticator.get(asked, 'https://photos.test'))).body.code).toBe(
      'bad_credentials',
    )
  })

  it('is refused with another signature, key or owner', async () => {
    const [ann, bob] = [await world.signUp(), await world.signUp()]
    const [anns, bobs] = [await addPasskey(world, ann), await addPasskey(world, bob)]
    const own = anns.authenticator.get(await optionsToSignIn())
    const flipped = Buffer.from(own.response.signature, 'base64url')
    flipped[flipped.length - 1]! ^= 1
    const signature = flipped.toString('base64url')
    const changed = { ...own, response: { ...own.response, signature } }
    expect((await sendAssertion(changed)).body.code).toBe('bad_credentials')
    const other = bobs.authenticator.get(await optionsToSignIn())
    const { id, rawId } = own
    expect((await sendAssertion({ ...other, id, rawId })).body.code).toBe('bad_credentials')
    const userHandle = Buffer.from(ann.id).toString('base64url')
    const claimed = bobs.authenticator.get(await optionsToSignIn())
    const passedOff = { ...claimed, response: { ...claimed.response, userHandle } }
    expect((await sendAssertion(passedOff)).body.code).toBe('bad_credentials')
    const unsaid = bobs.authenticator.get(await optionsToSignIn())
    const { userHandle: _left, ...response } = unsaid.response
    expect((await sendAssertion({ ...unsaid, response })).body.code).toBe('bad_credentials')
  })

  it('refuses a copy that counts from before, and tells the account', async () => {
    const ann = await world.signUp()
    const { authenticator } = await addPasskey(world, ann)
    const copy = authenticator.copy()
    expect((await signIn(authenticator)).status).toBe(201)
    expect((await signIn(copy)).body.code).toBe('bad_credentials')
    expect(await securityEventsOf(world, ann)).toContain('passkey_copied')
    expect((await signIn(authenticator)).status).toBe(201)
  })

  it('takes passkeys that do not count', async () => {
    const ann = await world.signUp()
    const { authenticator } = await addPasskey(world, ann, createAuthenticator({ counts: false }))
    for (let n = 0; n < 2; n++) expect((await signIn(authenticator)).status).toBe(201)
    expect(await securityEventsOf(world, ann)).not.toContain('passkey_copied')
  })

  it('refuses a passkey beside the password of another account', async () => {
    const [ann, bob] = [await world.signUp(), await world.signUp()]
    await addPasskey(world, ann)
    const bobs = await addPasskey(world, bob)
    const { challenge, passkeyOptions } = (await sendPassword(world, ann)).body
    const passkey = bobs.authenticator.get({ ...passkeyOptions, allowCredentials: [] })
    const refused = await world.call('POST', '/v1/sessions/two-factor', { body: { challenge, passkey } })
    expect(refused.body.code).toBe('bad_credentials')
  })
})

function publicKeyIn(attestationObject: string): Buffer {
  const bytes = Buffer.from(attestationObject, 'base64url')
  // A COSE key of five entries: a5 01 02 03 26 (EC2, ES256), which takes 77 bytes.
  const at = bytes.indexOf(Buffer.from('a501020326', 'hex'))
  expect(at).toBeGreaterThan(0)
  return bytes.subarray(at, at + 77)
}
