import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAuthenticator, PASSKEY_SETTINGS } from '../../support/authenticator.ts'
import { addPasskey } from '../../support/factories/second-factors.ts'
import { openApiWorld, type ApiWorld } from '../../support/worlds/api-world.ts'
import { passkeyCalls } from '../../support/factories/passkey-calls.ts'

let world: ApiWorld
beforeAll(async () => {
  world = await openApiWorld(PASSKEY_SETTINGS)
})
afterAll(() => world?.close())

const { optionsToAdd, add, optionsToSignIn, signIn, listed } = passkeyCalls(() => world)

describe('adding a passkey', () => {
  it('answers a challenge once, of one session and account', async () => {
    const [ann, bob] = [await world.signUp(), await world.signUp()]
    const registration = createAuthenticator().create(await optionsToAdd(ann))
    expect((await add(bob, registration)).status).toBe(422)
    expect((await add(ann, registration)).status).toBe(422)
    const own = createAuthenticator().create(await optionsToAdd(ann))
    expect((await add(ann, own)).status).toBe(201)
    expect((await add(ann, own)).status).toBe(422)
  })

  it('ends after five minutes', async () => {
    const ann = await world.signUp()
    const registration = createAuthenticator().create(await optionsToAdd(ann))
    await world.db.primary({
      text: `UPDATE factor_challenges SET expires_at = expires_at - interval '301 seconds' WHERE user_id = $1`,
      values: [ann.id],
    })
    expect((await add(ann, registration)).body.errors[0].path).toBe('body.response.clientDataJSON')
  })

  it.each([
    ['another origin', 'https://evil.photos.example', {}],
    ['another domain', 'https://photos.test', { id: 'photos.test', name: 'Darkroom' }],
  ])('is refused from %s', async (_where, origin, rp) => {
    const ann = await world.signUp()
    const options = await optionsToAdd(ann)
    const registration = createAuthenticator().create({ ...options, rp: { ...options.rp, ...rp } }, origin)
    expect((await add(ann, registration)).body.errors[0].path).toBe('body.response')
    expect(await listed(ann)).toEqual([])
  })

  it('leaves out authenticators that the account has', async () => {
    const ann = await world.signUp()
    const { authenticator } = await addPasskey(world, ann)
    const options = await optionsToAdd(ann)
    expect(() => authenticator.create(options)).toThrow()
    expect(options.excludeCredentials).toHaveLength(1)
  })

  it('refuses a credential that another account has', async () => {
    const [ann, bob] = [await world.signUp(), await world.signUp()]
    const authenticator = createAuthenticator()
    await addPasskey(world, ann, authenticator)
    const theirs = authenticator.get(await optionsToSignIn()).id
    const registration = createAuthenticator().create(await optionsToAdd(bob))
    const forged = withCredentialId(registration.response.attestationObject, registration.id, theirs)
    const body = {
      ...registration,
      id: theirs,
      rawId: theirs,
      response: { ...registration.response, attestationObject: forged },
    }
    expect((await add(bob, body)).body.errors[0].path).toBe('body.id')
    expect((await signIn(authenticator)).body.user.id).toBe(ann.id)
  })

  it('has a limit, which many at once do not pass', async () => {
    const ann = await world.signUp()
    const options = await Promise.all(Array.from({ length: 22 }, () => optionsToAdd(ann)))
    const answers = await Promise.all(options.map((one) => add(ann, createAuthenticator().create(one))))
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(20)
    expect(answers.find(({ status }) => status !== 201)!.body.code).toBe('quota_exceeded')
  })

  it.each([
    ['nothing', {}],
    ['no base64url', { id: '+/=', rawId: '+/=' }],
    ['an attestation that is none', { response: { clientDataJSON: 'e30', attestationObject: 'AAAA' } }],
  ])('is refused with %s', async (_what, changes) => {
    const ann = await world.signUp()
    const registration = createAuthenticator().create(await optionsToAdd(ann))
    const body = Object.keys(changes).length === 0 ? {} : { ...registration, ...changes }
    expect((await add(ann, body)).status).toBe(422)
  })

  it('looks at no attestation, whose addresses it would have to ask', async () => {
    const ann = await world.signUp()
    const registration = createAuthenticator().create(await optionsToAdd(ann))
    const none = Buffer.from('63666d74646e6f6e65', 'hex')
    const apple = Buffer.from('63666d74656170706c65', 'hex')
    const attestation = Buffer.from(registration.response.attestationObject, 'base64url')
    const at = attestation.indexOf(none)
    expect(at).toBeGreaterThan(0)
    const changed = Buffer.concat([
      attestation.subarray(0, at),
      apple,
      attestation.subarray(at + none.length),
    ]).toString('base64url')
    const response = { ...registration.response, attestationObject: changed }
    expect((await add(ann, { ...registration, response })).status).toBe(201)
  })
})

/** In attested credential data: 37 bytes before, an AAGUID of 16, a length of 2, the id, the key. */
function withCredentialId(attestationObject: string, own: string, other: string): string {
  const [bytes, from, to] = [attestationObject, own, other].map((text) => Buffer.from(text, 'base64url'))
  const at = bytes!.indexOf(from!)
  expect(at).toBeGreaterThan(0)
  expect(from!.length).toBe(to!.length)
  to!.copy(bytes!, at)
  return bytes!.toString('base64url')
}
