import type { AssertionOptions } from '../../../src/services/accounts/webauthn.ts'
import type { Authenticator } from '../authenticator.ts'
import type { ApiWorld, Person } from '../worlds/api-world.ts'

/** The calls by which passkeys are added, listed and signed in with. @param world once the tests have begun */
export function passkeyCalls(world: () => ApiWorld) {
  const optionsToSignIn = async (): Promise<AssertionOptions> =>
    (await world().call('POST', '/v1/sessions/passkey/options')).body
  const sendAssertion = (body: object) => world().call('POST', '/v1/sessions/passkey', { body })
  return {
    optionsToAdd: async (who: Person) =>
      (await world().call('POST', '/v1/me/passkeys/options', { token: who.token })).body,
    add: (who: Person, body: object) => world().call('POST', '/v1/me/passkeys', { token: who.token, body }),
    optionsToSignIn,
    sendAssertion,
    signIn: async (authenticator: Authenticator) => sendAssertion(authenticator.get(await optionsToSignIn())),
    listed: async (who: Person) =>
      (await world().call('GET', '/v1/me/passkeys', { token: who.token })).body.items,
  }
}
