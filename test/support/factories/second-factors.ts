import { expect } from 'vitest'
import { Secret, TOTP } from 'otpauth'
import { createAuthenticator, type Authenticator } from '../authenticator.ts'
import type { ApiWorld, Json, Person } from '../worlds/api-world.ts'

const STEP_MS = 30_000

/** An authenticator app. */
interface App {
  /** The code of now, or of so many half minutes later. */
  code(stepsFromNow?: number): string
}

export function openApp(secret: string): App {
  const totp = new TOTP({ secret: Secret.fromBase32(secret) })
  return { code: (stepsFromNow = 0) => totp.generate({ timestamp: Date.now() + stepsFromNow * STEP_MS }) }
}

/** Gives an account an authenticator app, whose codes of now are good: the one that confirmed it counts as long gone. */
export async function addApp(world: ApiWorld, who: Person): Promise<App> {
  const { token } = who
  const enrolled = await world.call('POST', '/v1/me/two-factor/totp', { token })
  expect(enrolled.status, JSON.stringify(enrolled.body)).toBe(201)
  const app = openApp(enrolled.body.secret)
  const body = { code: app.code() }
  expect((await world.call('POST', '/v1/me/two-factor/totp/confirm', { token, body })).status).toBe(204)
  await forgetLastCode(world, who)
  return app
}

/** As if half an hour had passed since the last code was taken. */
export async function forgetLastCode({ db }: ApiWorld, { id }: Person): Promise<void> {
  await db.primary({
    text: 'UPDATE totp_secrets SET last_step = last_step - 60 WHERE user_id = $1 AND is_confirmed',
    values: [id],
  })
}

export async function makeRecoveryCodes(world: ApiWorld, { token }: Person): Promise<string[]> {
  const made = await world.call('POST', '/v1/me/two-factor/recovery-codes', { token })
  expect(made.status, JSON.stringify(made.body)).toBe(201)
  return made.body.codes
}

/** Gives an account a passkey. */
export async function addPasskey(
  world: ApiWorld,
  { token }: Person,
  authenticator = createAuthenticator(),
): Promise<{ passkeyId: string; authenticator: Authenticator }> {
  const { body: options } = await world.call('POST', '/v1/me/passkeys/options', { token })
  const body = authenticator.create(options)
  const added = await world.call('POST', '/v1/me/passkeys', { token, body })
  expect(added.status, JSON.stringify(added.body)).toBe(201)
  return { passkeyId: added.body.passkey.id, authenticator }
}

/** The first step of a sign-in, and the last one of an account without factors. */
export const sendPassword = (
  world: ApiWorld,
  { username, password }: Person,
  headers: Record<string, string> = {},
  more: object = {},
) => world.call('POST', '/v1/sessions', { body: { username, password, ...more }, headers })

/** What an account with a factor is asked after its password. */
export async function challengeOf(world: ApiWorld, who: Person): Promise<string> {
  const { status, body } = await sendPassword(world, who)
  expect([status, body.code]).toEqual([401, 'two_factor_required'])
  return body.challenge
}

export const answerWith = (
  world: ApiWorld,
  challenge: string,
  code: string,
  headers: Record<string, string> = {},
) => world.call('POST', '/v1/sessions/two-factor', { body: { challenge, code }, headers })

/** Both steps. */
export const signInWith = async (world: ApiWorld, who: Person, code: string) =>
  answerWith(world, await challengeOf(world, who), code)

/** The kinds of what the account was told, the latest first. */
export async function securityEventsOf(world: ApiWorld, { token }: Person): Promise<string[]> {
  const { body } = await world.call('GET', '/v1/me/security-events', { token })
  return body.items.map(({ kind }: Json) => kind)
}

/** As if the devices of the account had signed in an hour ago. */
export async function signedInLongAgo({ db }: ApiWorld, { id }: Person): Promise<void> {
  await db.primary({
    text: `UPDATE sessions SET created_at = created_at - interval '1 hour' WHERE user_id = $1`,
    values: [id],
  })
}
