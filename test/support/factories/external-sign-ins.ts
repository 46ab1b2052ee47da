import { expect } from 'vitest'
import type { ApiWorld, Json } from '../worlds/api-world.ts'
import { CLIENT, type OpenIdProvider } from '../servers/openid-provider.ts'

/** Where providers send browsers of tests back to; nothing is served there. */
export const REDIRECT_URI = 'http://localhost:3000/signed-in'

/** The setting of some providers, by the names that paths give them. */
export const providersSetting = (providers: Record<string, { issuer: string }>): Record<string, string> => ({
  OIDC_PROVIDERS: JSON.stringify(
    Object.entries(providers).map(([name, { issuer }]) => ({
      ...CLIENT,
      name,
      issuer,
      redirectUri: REDIRECT_URI,
    })),
  ),
})

/** A sign-in that a browser has begun: where it goes, and the cookie that it keeps. */
export interface Begun {
  name: string
  url: string
  cookie: string
}

export async function begin(world: ApiWorld, name: string, token?: string): Promise<Begun> {
  const { status, body, headers } = await world.call('GET', `/v1/auth/${name}`, { token })
  expect(status, JSON.stringify(body)).toBe(200)
  return { name, url: body.url, cookie: headers.get('Set-Cookie')!.split(';', 1)[0]! }
}

/** The callback, as a page would call it with the query that it was sent back with. */
export const comeBack = (world: ApiWorld, { name, cookie }: Omit<Begun, 'url'>, { search }: URL) =>
  world.call('GET', `/v1/auth/${name}/callback${search}`, { headers: { Cookie: cookie } })

/** A whole sign-in through a provider, or a link with a token. @returns the answer of the callback */
export async function through(
  world: ApiWorld,
  [name, provider]: readonly [string, OpenIdProvider],
  subject: string,
  token?: string,
) {
  const begun = await begin(world, name, token)
  return comeBack(world, begun, await provider.signIn(begun.url, subject))
}

let signUps = 0

/** An account that was made through a provider. */
export async function signUpThrough(
  world: ApiWorld,
  provider: readonly [string, OpenIdProvider],
  subject: string,
): Promise<Json> {
  const asked = await through(world, provider, subject)
  expect(asked.body).toMatchObject({ status: 401, code: 'sign_up_required' })
  signUps += 1
  const body = { ticket: asked.body.ticket, username: `through-a-provider-${signUps}` }
  const made = await world.call('POST', `/v1/auth/${provider[0]}/sign-up`, { body })
  expect(made.status, JSON.stringify(made.body)).toBe(201)
  return made.body
}
