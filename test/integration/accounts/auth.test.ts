import { randomBytes, randomUUID } from 'node:crypto'
import { decodeJwt, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openApiWorld, type ApiWorld, type Person } from '../../support/worlds/api-world.ts'

describe('accounts, tokens and sessions', () => {
  let world: ApiWorld
  let ann: Person

  beforeAll(async () => {
    world = await openApiWorld()
    ann = await signUpByRequest(world)
  })
  afterAll(() => world?.close())

  const me = (token: string) => world.call('GET', '/v1/me', { token })
  const refresh = (refreshToken: string) =>
    world.call('POST', '/v1/sessions/refresh', { body: { refreshToken } })
  const signIn = (username: string, password: string) =>
    world.call('POST', '/v1/sessions', { body: { username, password } })

  describe('access tokens', () => {
    const key = () => world.api.clients.config.jwtKeys[0]!
    const forged = (change: { secret?: Uint8Array; exp?: string; sub?: string }) =>
      new SignJWT({ sid: decodeJwt(ann.token)['sid'] })
        .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', kid: key().kid })
        .setSubject(change.sub ?? ann.id)
        .setIssuer('darkroom')
        .setAudience('darkroom-api')
        .setIssuedAt()
        .setExpirationTime(change.exp ?? '5m')
        .sign(change.secret ?? key().secret)

    it('accepts its own and, as a control, one forged with the right key', async () => {
      expect((await me(ann.token)).body.user.username).toBe(ann.username)
      expect((await me(await forged({}))).status).toBe(200)
    })

    // What else is refused: services/accounts/access-tokens.test.ts.
    it.each([
      ['of another key', () => forged({ secret: new TextEncoder().encode('x'.repeat(64)) })],
      ['with a subject that is no account id', () => forged({ sub: "1' OR 1=1" })],
      ['cut short', async () => ann.token.slice(0, -4)],
      ['that is none', async () => 'abc'],
    ])('refuses a token %s', async (_what, make) => {
      const answer = await me(await make())
      expect(answer).toMatchObject({ status: 401, body: { code: 'unauthenticated' } })
      expect(answer.headers.get('WWW-Authenticate')).toMatch(/^Bearer/)
    })

    it('distinguishes an expired token from an invalid one', async () => {
      expect(await me(await forged({ exp: '-1s' }))).toMatchObject({
        status: 401,
        body: { code: 'token_expired' },
      })
    })

    it('requires a token where an account is needed', async () => {
      for (const [method, path] of [
        ['GET', '/v1/me'],
        ['GET', '/v1/feed'],
        ['POST', '/v1/photos'],
        ['PUT', `/v1/users/${ann.username}/follow`],
      ] as const) {
        expect(await world.call(method, path)).toMatchObject({
          status: 401,
          body: { code: 'unauthenticated' },
        })
      }
    })

    it('give no access to what another user owns', async () => {
      const bob = await world.signUp()
      const seen = await world.seedPhoto({ ownerId: ann.id })
      const hidden = await world.seedPhoto({ ownerId: ann.id, visibility: 'private' })
      for (const [method, suffix, body] of [
        ['PATCH', '', { caption: 'x' }],
        ['DELETE', '', undefined],
        ['GET', '/original', undefined],
        ['GET', '/progress', undefined],
      ] as const) {
        const of = (photoId: string) =>
          world.call(method, `/v1/photos/${photoId}${suffix}`, {
            token: bob.token,
            ...(body ? { body } : {}),
          })
        expect(await of(seen)).toMatchObject({ status: 403, body: { code: 'forbidden' } })
        expect(await of(hidden)).toMatchObject({ status: 404, body: { code: 'not_found' } })
      }
      for (const photoId of [seen, hidden]) {
        for (const action of ['complete', 'upload']) {
          expect(
            await world.call('POST', `/v1/photos/${photoId}/${action}`, { token: bob.token }),
          ).toMatchObject({ status: 404, body: { code: 'not_found' } })
        }
      }
    })
  })

  describe('signing up and in', () => {
    it('keeps usernames unique regardless of case, even in a race', async () => {
      const name = `Race${ann.username}`
      const answers = await Promise.all(
        [name, name.toUpperCase(), name.toLowerCase()].map((username) =>
          world.call('POST', '/v1/users', { body: { username, password: 'long enough' } }),
        ),
      )
      expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409])
      expect(answers.find(({ status }) => status === 409)!.body).toMatchObject({
        code: 'username_taken',
        errors: [{ path: 'body.username' }],
      })
    })

    it('refuses a username that looks like another, even in a race', async () => {
      const suffix = randomUUID().slice(0, 8)
      const names = [`paypal-${suffix}`, `paypa1-${suffix}`, `PaypaI-${suffix}`]
      const answers = await Promise.all(
        names.map((username) =>
          world.call('POST', '/v1/users', { body: { username, password: 'long enough' } }),
        ),
      )
      expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409])
      expect(answers.find(({ status }) => status === 409)!.body).toMatchObject({
        code: 'username_taken',
        errors: [{ path: 'body.username' }],
      })
    })

    it('answers a wrong password and an unknown user alike', async () => {
      const wrong = await signIn(ann.username, 'not her password')
      const unknown = await signIn('nobody-of-this-name', 'not her password')
      const { requestId: _a, ...first } = wrong.body
      const { requestId: _b, ...second } = unknown.body
      expect(first).toEqual(second)
      expect(first).toMatchObject({ status: 401, code: 'bad_credentials' })
    })

    it('takes as long for an unknown user', async () => {
      const timed = async (username: string) => {
        const startedAt = performance.now()
        await signIn(username, 'not her password')
        return performance.now() - startedAt
      }
      // The least of both, as long as others may have slowed either down. Without the dummy hash, an unknown user would take a
      // tenth of the time.
      let [known, unknown] = [Infinity, Infinity]
      for (let round = 0; round < 5 || (round < 100 && unknown < known / 2); round++) {
        known = Math.min(known, await timed(ann.username))
        unknown = Math.min(unknown, await timed('nobody-of-this-name'))
      }
      expect(unknown).toBeGreaterThan(known / 2)
    })

    it('ignores the case of the username', async () => {
      const bob = await world.signUp()
      expect((await signIn(bob.username.toUpperCase(), bob.password)).status).toBe(201)
    })

    it('does not match other letters that fold to the name', async () => {
      const username = `mimi${randomBytes(4).toString('hex')}`
      const password = 'long enough'
      expect((await world.call('POST', '/v1/users', { body: { username, password } })).status).toBe(201)
      expect((await signIn(username.toUpperCase(), password)).status).toBe(201)
      // Postgres folds U+0130 to i, so each of 2^n spellings would have attempts of its own.
      expect((await signIn(username.replace('i', '\u0130'), password)).body.code).toBe('bad_credentials')
    })

    it('never stores or shows a secret', async () => {
      const stored = await world.db.primary({
        text: `SELECT u.*, s.*::text FROM users u JOIN sessions s USING (user_id) WHERE user_id = $1`,
        values: [ann.id],
      })
      const text = JSON.stringify(stored)
      expect(text).not.toContain(ann.password)
      expect(text).not.toContain(ann.refreshToken)
      expect(stored[0]!['password_hash']).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
      const shown = await me(ann.token)
      expect(Object.keys(shown.body.user).sort()).toEqual(
        [
          'avatarSources',
          'avatarUrl',
          'suspension',
          'bio',
          'createdAt',
          'defaultCommentPolicy',
          'displayName',
          'id',
          'isPrivate',
          'readTextInPhotos',
          'username',
        ].sort(),
      )
    })

    it('edits name and bio, and honours If-Match', async () => {
      const before = await me(ann.token)
      const ifMatch = { 'If-Match': before.headers.get('ETag')! }
      const patch = (body: unknown, headers: Record<string, string> = {}) =>
        world.call('PATCH', '/v1/me', { token: ann.token, body, headers })
      const edited = await patch({ displayName: '  Ann  ', bio: 'Two\nlines' }, ifMatch)
      expect(edited.body.user).toMatchObject({ displayName: 'Ann', bio: 'Two\nlines' })
      expect((await patch({ bio: null }, ifMatch)).status).toBe(412)
      expect(
        (await patch({ bio: null }, { 'If-Match': edited.headers.get('ETag')! })).body.user,
      ).toMatchObject({
        displayName: 'Ann',
        bio: null,
      })
    })
  })

  describe('refresh tokens', () => {
    it('rotate, and work for two racing tabs', async () => {
      const bob = await world.signUp()
      const [one, two] = await Promise.all([refresh(bob.refreshToken), refresh(bob.refreshToken)])
      expect([one.status, two.status]).toEqual([200, 200])
      expect(one.headers.get('Cache-Control')).toBe('no-store')
      expect(one.body.refreshToken).not.toBe(bob.refreshToken)
      for (const pair of [one, two]) {
        expect((await me(pair.body.accessToken)).status).toBe(200)
        expect((await refresh(pair.body.refreshToken)).status).toBe(200)
      }
    })

    it.each(['', '.', 'abc', '01a2036c-aeb9-7176-8322-8600c64a45cb.abc', `${'a'.repeat(256)}`])(
      'are refused when malformed: %j',
      async (token) => {
        expect([401, 422]).toContain((await refresh(token)).status)
      },
    )

    it('do not work with another session’s secret, which stays valid', async () => {
      const [bob, cay] = [await world.signUp(), await world.signUp()]
      const crossed = [bob.refreshToken.split('.')[0], ...cay.refreshToken.split('.').slice(1)].join('.')
      expect((await refresh(crossed)).status).toBe(401)
      expect((await refresh(bob.refreshToken)).status).toBe(200)
    })
  })

  describe('devices', () => {
    it('are listed and signed out one by one', async () => {
      const bob = await world.signUp()
      const phone = await world.call('POST', '/v1/sessions', {
        body: { username: bob.username, password: bob.password },
        headers: { 'User-Agent': 'Phone' },
      })
      const listed = await world.call('GET', '/v1/sessions', { token: phone.body.accessToken })
      expect(listed.body).toMatchObject({
        items: [{ userAgent: 'Phone', current: true }, { current: false }],
        nextCursor: null,
      })
      const other = listed.body.items[1].id
      const signOut = (id: string, token: string) => world.call('DELETE', `/v1/sessions/${id}`, { token })
      expect((await signOut(other, ann.token)).status).toBe(404)
      expect((await signOut(other, phone.body.accessToken)).status).toBe(204)
      expect((await refresh(bob.refreshToken)).status).toBe(401)
      expect((await signOut('current', phone.body.accessToken)).status).toBe(204)
      expect((await signOut('current', phone.body.accessToken)).status).toBe(204)
      expect((await refresh(phone.body.refreshToken)).status).toBe(401)
    })
  })
})

/** What the service itself stores and answers, at the full cost of its hash. */
async function signUpByRequest(world: ApiWorld): Promise<Person> {
  const [username, password] = [`u${randomBytes(6).toString('hex')}`, randomUUID()]
  const { status, body } = await world.call('POST', '/v1/users', { body: { username, password } })
  expect(status).toBe(201)
  const { user, accessToken: token, refreshToken } = body
  return { id: user.id, username, password, token, refreshToken }
}
