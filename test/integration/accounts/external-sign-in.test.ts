import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addApp, sendPassword, signedInLongAgo } from '../../support/factories/second-factors.ts'
import { setAccountStatus } from '../../support/factories/accounts.ts'
import {
  begin,
  comeBack,
  providersSetting,
  REDIRECT_URI,
  signUpThrough,
  through,
} from '../../support/factories/external-sign-ins.ts'
import { startOpenIdProvider, type OpenIdProvider } from '../../support/servers/openid-provider.ts'
import { openApiWorld, type ApiWorld, type Person } from '../../support/worlds/api-world.ts'

let world: ApiWorld
let first: readonly [string, OpenIdProvider]
let second: readonly [string, OpenIdProvider]

beforeAll(async () => {
  const [one, other] = [await startOpenIdProvider(REDIRECT_URI), await startOpenIdProvider(REDIRECT_URI)]
  first = ['first', one]
  second = ['second', other]
  world = await openApiWorld(providersSetting({ first: one, second: other }))
})
afterAll(async () => {
  await world?.close()
  await first?.[1].stop()
  await second?.[1].stop()
})

const me = (token: string) => world.call('GET', '/v1/me', { token })
const identitiesOf = async (token: string) =>
  (await world.call('GET', '/v1/me/identities', { token })).body.items
const kindsOf = async (token: string) =>
  (await world.call('GET', '/v1/me/security-events', { token })).body.items.map(
    ({ kind }: { kind: string }) => kind,
  )
const states = async () =>
  world.db.primary({ text: 'SELECT issuer, subject, expires_at FROM external_sign_ins' })

describe('a provider', () => {
  it('signs somebody up, and then in', async () => {
    const made = await signUpThrough(world, first, 'zoe')
    const again = await through(world, first, 'zoe')
    expect(again.status).toBe(201)
    expect(again.body.user).toEqual(made.user)
    expect(again.headers.get('Cache-Control')).toBe('no-store')
    expect((await me(again.body.accessToken)).status).toBe(200)
    const [identity] = await identitiesOf(again.body.accessToken)
    expect(identity).toMatchObject({ provider: 'first', issuer: first[1].issuer })
    expect(identity.lastUsedAt).not.toBeNull()
  })

  it('is told of nothing but the subject, by PKCE and a nonce', async () => {
    const { url } = await begin(world, 'first')
    const asked = Object.fromEntries(new URL(url).searchParams)
    expect(asked).toMatchObject({ scope: 'openid', response_type: 'code', code_challenge_method: 'S256' })
    expect(asked['nonce']).toHaveLength(43)
    expect(asked['redirect_uri']).toBe(REDIRECT_URI)
  })

  it('gives no account to an e-mail address', async () => {
    const before = await world.db.primary({ text: 'SELECT FROM users' })
    expect((await through(world, first, 'has the address of all')).body.code).toBe('sign_up_required')
    expect(await world.db.primary({ text: 'SELECT FROM users' })).toHaveLength(before.length)
    const stored = await world.db.primary<{ row: string }>({
      text: `SELECT row_to_json(i)::text AS row FROM external_identities i
             UNION ALL SELECT row_to_json(s)::text FROM external_sign_ins s`,
    })
    expect(JSON.stringify(stored)).not.toContain('example.org')
  })

  it('has subjects of its own: the same of another is somebody else', async () => {
    const one = await signUpThrough(world, first, 'same')
    const other = await signUpThrough(world, second, 'same')
    expect(other.user.id).not.toBe(one.user.id)
    expect((await through(world, first, 'same')).body.user.id).toBe(one.user.id)
    expect((await through(world, second, 'same')).body.user.id).toBe(other.user.id)
  })

  it('is refused by another browser, which does not use the state up', async () => {
    await signUpThrough(world, first, 'yves')
    const begun = await begin(world, 'first')
    const back = await first[1].signIn(begun.url, 'yves')
    const { cookie } = await begin(world, 'first')
    const elsewhere = await comeBack(world, { ...begun, cookie }, back)
    expect(elsewhere.body).toMatchObject({ status: 401, code: 'unauthenticated' })
    expect((await comeBack(world, { ...begun, cookie: '' }, back)).body.code).toBe('unauthenticated')
    expect((await comeBack(world, begun, back)).status).toBe(201)
  })

  it('answers once: of two callbacks at once one wins', async () => {
    await signUpThrough(world, first, 'xena')
    const begun = await begin(world, 'first')
    const back = await first[1].signIn(begun.url, 'xena')
    const answers = await Promise.all([comeBack(world, begun, back), comeBack(world, begun, back)])
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 401])
    expect((await comeBack(world, begun, back)).body.code).toBe('unauthenticated')
  })

  it('is too late after ten minutes', async () => {
    const begun = await begin(world, 'first')
    const back = await first[1].signIn(begun.url, 'late')
    await world.db.primary({ text: `UPDATE external_sign_ins SET expires_at = now() - interval '1 second'` })
    expect((await comeBack(world, begun, back)).body.code).toBe('unauthenticated')
  })

  it('does not answer for another provider', async () => {
    const begun = await begin(world, 'first')
    const back = await first[1].signIn(begun.url, 'mixed up')
    const elsewhere = await comeBack(world, { ...begun, name: 'second' }, back)
    expect(elsewhere.body.code).toBe('unauthenticated')
  })

  it.each(['a code of another sign-in', 'a code of another client'])('does not take %s', async (which) => {
    const begun = await begin(world, 'first')
    const back = await first[1].signIn(begun.url, 'victim')
    const stolen = new URL((await begin(world, 'first')).url)
    if (which === 'a code of another client') stolen.searchParams.set('client_id', 'another')
    const { searchParams } = await first[1].signIn(stolen.href, 'attacker')
    back.searchParams.set('code', searchParams.get('code')!)
    const refused = await comeBack(world, begun, back)
    expect(refused.body).toMatchObject({ status: 401, code: 'provider_refused' })
  })

  it('may decline', async () => {
    const begun = await begin(world, 'first')
    const back = await first[1].cancel(begun.url)
    expect(back.searchParams.get('error')).toBe('access_denied')
    const refused = await comeBack(world, begun, back)
    expect(refused.body).toMatchObject({ status: 401, code: 'provider_refused' })
    expect(refused.body.detail).toContain('declined')
  })

  it('that nobody configured does not exist', async () => {
    expect((await world.call('GET', '/v1/auth/third')).status).toBe(404)
  })
})

describe('a ticket', () => {
  it('is good once, and still after a username that is taken', async () => {
    const ann = await world.signUp()
    const { ticket } = (await through(world, first, 'wanda')).body
    const signUp = (username: string, name = 'first') =>
      world.call('POST', `/v1/auth/${name}/sign-up`, { body: { ticket, username } })
    expect((await signUp(ann.username)).body.code).toBe('username_taken')
    expect((await signUp('wanda-of-first', 'second')).body.code).toBe('unauthenticated')
    const answers = await Promise.all([signUp('wanda-1'), signUp('wanda-2')])
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 401])
  })

  it('makes no second account of one identity', async () => {
    const tickets = [
      (await through(world, first, 'vera')).body.ticket,
      (await through(world, first, 'vera')).body.ticket,
    ]
    const answers = await Promise.all(
      tickets.map((ticket, n) =>
        world.call('POST', '/v1/auth/first/sign-up', { body: { ticket, username: `vera-${n}` } }),
      ),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409])
    expect(answers.find(({ status }) => status === 409)!.body.code).toBe('identity_taken')
    const names = await world.db.primary({ text: `SELECT FROM users WHERE username LIKE 'vera-%'` })
    expect(names).toHaveLength(1)
  })

  it('is no state, and a state no ticket', async () => {
    const begun = await begin(world, 'first')
    const state = new URL(begun.url).searchParams.get('state')!
    const body = { ticket: state, username: 'nobody-yet' }
    expect((await world.call('POST', '/v1/auth/first/sign-up', { body })).body.code).toBe('unauthenticated')
    const { ticket } = (await through(world, first, 'ursula')).body
    const back = new URL(`${REDIRECT_URI}?state=${ticket}&code=c`)
    expect((await comeBack(world, begun, back)).body.code).toBe('unauthenticated')
    expect(await states()).not.toEqual([])
  })
})

describe('linking', () => {
  it('lets an account in by a provider too, and tells it', async () => {
    const ann = await world.signUp()
    const linked = await through(world, first, 'ann', ann.token)
    expect(linked.status).toBe(200)
    expect(await identitiesOf(ann.token)).toEqual([linked.body.identity])
    expect((await through(world, first, 'ann')).body.user.id).toBe(ann.id)
    expect((await through(world, first, 'ann', ann.token)).body.identity.id).toBe(linked.body.identity.id)
    expect((await kindsOf(ann.token)).filter((kind: string) => kind === 'identity_linked')).toHaveLength(1)
  })

  it('takes no identity away from another account', async () => {
    const [bob, cleo] = [await world.signUp(), await world.signUp()]
    const answers = await Promise.all([
      through(world, first, 'contested', bob.token),
      through(world, first, 'contested', cleo.token),
    ])
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409])
    expect(answers.find(({ status }) => status === 409)!.body.code).toBe('identity_taken')
  })

  it('needs a device that has just signed in, and not a program', async () => {
    const dora = await world.signUp()
    const body = { name: 'A program', scopes: ['read', 'write'] }
    const { secret } = (await world.call('POST', '/v1/me/tokens', { token: dora.token, body })).body
    expect((await world.call('GET', '/v1/auth/first', { token: secret })).body.code).toBe('forbidden')
    await signedInLongAgo(world, dora)
    const refused = await world.call('GET', '/v1/auth/first', { token: dora.token })
    expect(refused.body).toMatchObject({ status: 403, code: 'presence_required' })
  })

  it('ends with the session that began it', async () => {
    const emil = await world.signUp()
    const begun = await begin(world, 'first', emil.token)
    const back = await first[1].signIn(begun.url, 'emil')
    await world.call('DELETE', '/v1/sessions/current', { token: emil.token })
    expect((await comeBack(world, begun, back)).body.code).toBe('unauthenticated')
    expect((await through(world, first, 'emil')).body.code).toBe('sign_up_required')
  })
})

describe('an account with an identity', () => {
  const linked = async (subject: string): Promise<Person> => {
    const person = await world.signUp()
    expect((await through(world, first, subject, person.token)).status).toBe(200)
    return person
  }

  it('is asked for its second factor too', async () => {
    const fay = await linked('fay')
    const app = await addApp(world, fay)
    const { status, body } = await through(world, first, 'fay')
    expect({ status, code: body.code }).toEqual({ status: 401, code: 'two_factor_required' })
    const answer = { challenge: body.challenge, code: app.code() }
    const signedIn = await world.call('POST', '/v1/sessions/two-factor', { body: answer })
    expect(signedIn.body.user.id).toBe(fay.id)
  })

  it('signs in while it is suspended, and comes back once deactivated', async () => {
    const gus = await linked('gus')
    await setAccountStatus(world.db, gus.id, 'suspended')
    const { status, body } = await through(world, first, 'gus')
    expect(status).toBe(201)
    expect((await me(body.accessToken)).body.user.suspension).toEqual({ until: null })
    await setAccountStatus(world.db, gus.id, 'deactivated')
    const back = await through(world, first, 'gus')
    expect(back.status).toBe(201)
    expect((await me(back.body.accessToken)).status).toBe(200)
  })

  it('unlinks it, and nobody else does', async () => {
    const [hal, ida] = [await linked('hal'), await world.signUp()]
    const [{ id }] = await identitiesOf(hal.token)
    const path = `/v1/me/identities/${id}`
    expect((await world.call('DELETE', path, { token: ida.token })).status).toBe(404)
    await signedInLongAgo(world, hal)
    expect((await world.call('DELETE', path, { token: hal.token })).body.code).toBe('presence_required')
    const { password } = hal
    expect((await world.call('DELETE', path, { token: hal.token, body: { password } })).status).toBe(204)
    expect(await identitiesOf(hal.token)).toEqual([])
    expect((await kindsOf(hal.token))[0]).toBe('identity_unlinked')
    expect((await through(world, first, 'hal')).body.code).toBe('sign_up_required')
  })

  it('keeps its last way in, also if it gives up two at once', async () => {
    const { accessToken: token } = await signUpThrough(world, first, 'jan')
    const [{ id }] = await identitiesOf(token)
    const remove = (one: string) => world.call('DELETE', `/v1/me/identities/${one}`, { token })
    expect((await remove(id)).body).toMatchObject({ status: 409, code: 'last_way_in' })
    const other = (await through(world, second, 'jan', token)).body.identity
    const answers = await Promise.all([remove(id), remove(other.id)])
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 409])
    expect(await identitiesOf(token)).toHaveLength(1)
  })

  it('has no password until it sets one, on a device that just signed in', async () => {
    const { accessToken: token, user } = await signUpThrough(world, first, 'kim')
    const who = { username: user.username, password: '' } as Person
    for (const password of ['A', 'no account has this password'])
      expect((await sendPassword(world, { ...who, password })).body.code).toBe('bad_credentials')
    const set = (body: object) => world.call('PUT', '/v1/me/password', { token, body })
    await signedInLongAgo(world, { id: user.id } as Person)
    expect((await set({ newPassword: 'seven quiet lenses' })).body.code).toBe('presence_required')
    const fresh = (await through(world, first, 'kim')).body.accessToken
    const body = { newPassword: 'seven quiet lenses' }
    expect((await world.call('PUT', '/v1/me/password', { token: fresh, body })).status).toBe(204)
    expect((await sendPassword(world, { ...who, password: body.newPassword })).status).toBe(201)
    // From now on, the present one is asked for.
    const next = { newPassword: 'eight quiet lenses' }
    expect((await world.call('PUT', '/v1/me/password', { token: fresh, body: next })).status).toBe(422)
  })
})
