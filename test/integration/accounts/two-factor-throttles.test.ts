import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PASSKEY_SETTINGS } from '../../support/authenticator.ts'
import {
  addApp,
  addPasskey,
  answerWith,
  makeRecoveryCodes,
  securityEventsOf,
  sendPassword,
} from '../../support/factories/second-factors.ts'
import { openApiWorld, type ApiWorld, type Person } from '../../support/worlds/api-world.ts'

let world: ApiWorld
let host = 0

beforeAll(async () => {
  // A fifth: 2 wrong ones from a network, 4 from all that are new. Counted by this process, which starts at 0.
  const limits = { RATE_LIMITS: 'true', RATE_LIMIT_FACTOR: '0.2', REDIS_URL: 'redis://127.0.0.1:1' }
  world = await openApiWorld({ ...limits, ...PASSKEY_SETTINGS, TRUSTED_PROXY_HOPS: '1' })
})
afterAll(() => world?.close())

const elsewhere = () => ({ 'X-Forwarded-For': `2001:db8:${(host++).toString(16)}::1` })
/** Of `buildUser`. */
const home = { 'X-Forwarded-For': '127.0.0.1' }

async function signIn(who: Person, code: string, headers: Record<string, string>, more: object = {}) {
  const first = await sendPassword(world, who, headers, more)
  expect(first.body.code).toBe('two_factor_required')
  return answerWith(world, first.body.challenge, code, headers)
}
const statusesOf = async (
  who: Person,
  tries: number,
  from: (n: number) => Record<string, string>,
): Promise<number[]> => {
  const statuses = []
  for (let n = 0; n < tries; n++) statuses.push((await signIn(who, '000 00x', from(n))).status)
  return statuses
}
describe('wrong second factors', () => {
  it('are counted by account and network, and the account is told', async () => {
    const ann = await world.signUp()
    const app = await addApp(world, ann)
    const there = elsewhere()
    expect(await statusesOf(ann, 3, () => there)).toEqual([401, 401, 429])
    expect((await signIn(ann, app.code(), there)).status).toBe(429)
    expect((await signIn(ann, app.code(), elsewhere())).status).toBe(201)
    expect(
      (await securityEventsOf(world, ann)).filter((kind) => kind === 'second_factor_blocked'),
    ).toHaveLength(1)
  })

  it('from everywhere lock out strangers, and no device that is known', async () => {
    const ann = await world.signUp()
    const app = await addApp(world, ann)
    const codes = await makeRecoveryCodes(world, ann)
    expect(await statusesOf(ann, 5, elsewhere)).toEqual([401, 401, 401, 401, 429])
    expect((await signIn(ann, app.code(), elsewhere())).status).toBe(429)
    expect((await signIn(ann, codes[0]!, home)).status).toBe(201)
    const { refreshToken } = ann
    expect((await signIn(ann, codes[1]!, elsewhere(), { refreshToken })).status).toBe(201)
  })

  it('keep no passkey out', async () => {
    const ann = await world.signUp()
    await addApp(world, ann)
    const { authenticator } = await addPasskey(world, ann)
    expect(await statusesOf(ann, 5, elsewhere)).toEqual([401, 401, 401, 401, 429])
    const headers = elsewhere()
    const { challenge, passkeyOptions } = (await sendPassword(world, ann, headers)).body
    const body = { challenge, passkey: authenticator.get(passkeyOptions) }
    expect((await world.call('POST', '/v1/sessions/two-factor', { body, headers })).status).toBe(201)
  })

  it('of one account do not count for another behind the same address', async () => {
    const [ann, bob] = [await world.signUp(), await world.signUp()]
    await addApp(world, ann)
    const app = await addApp(world, bob)
    const office = elsewhere()
    expect(await statusesOf(ann, 3, () => office)).toEqual([401, 401, 429])
    expect((await signIn(bob, app.code(), office)).status).toBe(201)
  })

  it('do not count once one was right', async () => {
    const ann = await world.signUp()
    await addApp(world, ann)
    const there = elsewhere()
    for (const code of await makeRecoveryCodes(world, ann))
      expect((await signIn(ann, code, there)).status).toBe(201)
  })
})

describe('wrong proofs of presence', () => {
  it('are counted by session', async () => {
    const ann = await world.signUp()
    await addApp(world, ann)
    const prove = (token: string, password: string) =>
      world.call('POST', '/v1/me/two-factor/recovery-codes', { token, body: { password } })
    const [code] = await makeRecoveryCodes(world, ann)
    const other = (await signIn(ann, code!, home)).body.accessToken
    const statuses = []
    for (let n = 0; n < 3; n++) statuses.push((await prove(ann.token, 'none of hers')).status)
    expect(statuses).toEqual([422, 422, 429])
    expect((await prove(ann.token, ann.password)).status).toBe(429)
    expect((await prove(other, ann.password)).status).toBe(201)
  })
})
