import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { resetFactors } from '../../../src/cli/accounts.ts'
import { NO_PASSWORD } from '../../../src/services/accounts/passwords.ts'
import { PASSKEY_SETTINGS } from '../../support/authenticator.ts'
import {
  addApp,
  addPasskey,
  makeRecoveryCodes,
  securityEventsOf,
} from '../../support/factories/second-factors.ts'
import { openApiWorld, type ApiWorld, type Person } from '../../support/worlds/api-world.ts'

let world: ApiWorld
let ann: Person
beforeAll(async () => {
  world = await openApiWorld(PASSKEY_SETTINGS)
  ann = await world.signUp()
  await addApp(world, ann)
  await addPasskey(world, ann)
  await makeRecoveryCodes(world, ann)
})
afterAll(() => world?.close())

const signIn = ({ username, password }: Person) =>
  world.call('POST', '/v1/sessions', { body: { username, password } })
async function reset(who: string, options = {}) {
  const lines: string[] = []
  await resetFactors(who, options, (line) => lines.push(line))
  return lines.join('\n')
}
const audited = async ({ id }: Person) =>
  world.db.primary<{ action: string; details: unknown }>({
    text: `SELECT action, details FROM moderation_audit WHERE subject = $1`,
    values: [`user/${id}`],
  })
const withoutPassword = ({ id }: Person) =>
  world.db.primary({
    text: 'UPDATE users SET password_hash = $2 WHERE user_id = $1',
    values: [id, NO_PASSWORD],
  })
const link = ({ id }: Person) =>
  world.db.primary({
    text: `INSERT INTO external_identities (identity_id, user_id, issuer, subject)
      VALUES (gen_random_uuid(), $1::bigint, 'https://id.example', $1::text)`,
    values: [id],
  })
const factorsOf = async ({ id }: Person) => {
  const [row] = await world.db.primary<{ factors: number }>({
    text: `SELECT ((SELECT count(*) FROM totp_secrets WHERE user_id = $1) + (SELECT count(*) FROM passkeys WHERE user_id = $1)
      + (SELECT count(*) FROM recovery_codes WHERE user_id = $1))::integer AS factors`,
    values: [id],
  })
  return row!.factors
}

describe('the factors of an account whose person lost them', () => {
  it('are only shown until the operator says yes', async () => {
    expect(await reset(ann.username)).toMatch(
      /apps 1, passkeys 1, recovery codes 10, sessions 1\nnothing is removed yet/,
    )
    expect(await factorsOf(ann)).toBe(12)
    expect(await audited(ann)).toEqual([])
    expect((await signIn(ann)).body.code).toBe('two_factor_required')
  })

  it('are removed with all sessions, and the account is told', async () => {
    const waiting = (await signIn(ann)).body.challenge as string
    const refreshed = () =>
      world.call('POST', '/v1/sessions/refresh', { body: { refreshToken: ann.refreshToken } })
    expect(await reset(ann.username.toUpperCase(), { yes: true })).toContain('all of them are removed')
    expect(await factorsOf(ann)).toBe(0)
    expect((await refreshed()).status).toBe(401)
    const answer = { challenge: waiting, code: '000000' }
    expect((await world.call('POST', '/v1/sessions/two-factor', { body: answer })).status).toBe(401)
    const { status, body } = await signIn(ann)
    expect(status).toBe(201)
    expect(await securityEventsOf(world, { ...ann, token: body.accessToken })).toContain('factors_reset')
    expect(await audited(ann)).toMatchObject([
      { action: 'factors.reset', details: { apps: 1, passkeys: 1, recoveryCodes: 10, sessions: 1 } },
    ])
  })

  it('stay with whom nothing but a passkey lets in, unless said so', async () => {
    const bob = await world.signUp()
    await addPasskey(world, bob)
    await withoutPassword(bob)
    expect(await reset(bob.username)).toContain('passkeys are its only way in')
    await expect(reset(bob.username, { yes: true })).rejects.toThrow(/lock .* out for good/)
    expect([await factorsOf(bob), await audited(bob)]).toEqual([1, []])
    await reset(bob.username, { yes: true, lockOut: true })
    expect(await factorsOf(bob)).toBe(0)
  })

  it('lock nobody out whom a provider lets in', async () => {
    const eve = await world.signUp()
    await addPasskey(world, eve)
    await withoutPassword(eve)
    await link(eve)
    expect(await reset(eve.username, { yes: true })).not.toContain('only way in')
    expect(await factorsOf(eve)).toBe(0)
  })

  it('are of nobody who does not exist', async () => {
    await expect(reset('nobody-of-this-name', { yes: true })).rejects.toMatchObject({ code: 'not_found' })
  })
})
