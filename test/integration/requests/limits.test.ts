import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { decodeJwt } from 'jose'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { openApiWorld, type ApiWorld } from '../../support/worlds/api-world.ts'

describe('rate limits', () => {
  let world: ApiWorld
  afterEach(() => world?.close())

  it('stop made-up tokens of one address before they are looked up', async () => {
    world = await openApiWorld({ RATE_LIMITS: 'true', RATE_LIMIT_FACTOR: '0.01', TRUSTED_PROXY_HOPS: '1' })
    const ann = await world.signUp()
    const body = { name: 'Nightly', scopes: ['read'] }
    const { secret } = (await world.call('POST', '/v1/me/tokens', { token: ann.token, body })).body
    const primary = vi.spyOn(world.db, 'primary')
    const lookups = () => primary.mock.calls.filter(([{ name }]) => name === 'personal-token').length
    let host = Math.floor(Math.random() * 60_000)
    const from = () => ({ 'X-Forwarded-For': `2001:db8:aaaa:${(host++).toString(16)}::1` })
    const ask = (token: string, headers: Record<string, string>) =>
      world.call('GET', '/v1/tags/trending', { token, headers })

    // 600 × 0.01, of all that come at once.
    const here = from()
    const made = Array.from({ length: 20 }, (_, n) => ask(`darkroom_${n}`, here))
    for (const { status, body: problem } of await Promise.all(made))
      expect([401, 429], problem.code).toContain(status)
    expect(lookups()).toBe(6)
    expect((await ask(secret, here)).body.code).toBe('rate_limited')
    expect(lookups()).toBe(6)

    // Good ones do not count, nor do others' addresses.
    const there = from()
    for (let asked = 0; asked < 8; asked++) await ask(secret, there)
    expect(lookups()).toBe(14)
    primary.mockRestore()
  })

  it('count by account, by address and by the target of a sign-in', async () => {
    world = await openApiWorld({ RATE_LIMITS: 'true', RATE_LIMIT_FACTOR: '0.2', TRUSTED_PROXY_HOPS: '1' })
    await redisIsReady()
    let host = Math.floor(Math.random() * 60_000)
    const from = () => ({ 'X-Forwarded-For': `198.51.100.7, 2001:db8:${(host++).toString(16)}::1` })
    const ann = await signUp(world, from())
    const signIn = (headers: Record<string, string>, username = ann.username) =>
      world.call('POST', '/v1/sessions', { body: { username, password: 'not the password' }, headers })

    // Per name and network: 10 × 0.2 failures.
    const here = from()
    const statuses = []
    for (let attempt = 0; attempt < 3; attempt++) statuses.push((await signIn(here)).status)
    expect(statuses).toEqual([401, 401, 429])
    const refused = await signIn(here)
    expect(refused.body.code).toBe('rate_limited')
    expect(Number(refused.headers.get('Retry-After'))).toBeGreaterThan(0)
    expect(refused.headers.get('RateLimit-Policy')).toBe('"signInTarget";q=2;w=900')
    expect(refused.headers.get('RateLimit')).toMatch(/^"signInTarget";r=0;t=\d+$/)
    // It is free elsewhere.
    expect((await signIn(from())).status).toBe(401)

    // Per address: 60 × 0.2 failures, whatever the name, and a /64 is one address.
    const network = `2001:db8:ffff:${(host++).toString(16)}`
    const byAddress = []
    for (let attempt = 0; attempt < 13; attempt++) {
      byAddress.push(
        (await signIn({ 'X-Forwarded-For': `${network}::${attempt + 1}` }, `nobody-${host}-${attempt}`))
          .status,
      )
    }
    expect(byAddress.filter((status) => status === 429)).toHaveLength(1)
    expect(byAddress.at(-1)).toBe(429)

    // Per account: 1,200 × 0.2 reads a minute, not shared with others at the same address.
    const bob = await signUp(world, from())
    const read = (token: string) => world.call('GET', '/v1/sessions', { token })
    const first = await read(ann.token)
    expect(first.headers.get('RateLimit-Policy')).toBe('"read";q=240;w=60')
    // On a busy machine, Redis may be too slow for some of them, which the process then counts for itself.
    let refusedReads = 0
    for (let sent = 1; refusedReads === 0 && sent < 3 * 240; sent += 48) {
      const answers = await Promise.all(Array.from({ length: 48 }, () => read(ann.token)))
      refusedReads = answers.filter(({ status }) => status === 429).length
      if (sent + 48 <= 240) expect(refusedReads).toBe(0)
    }
    expect(refusedReads).toBeGreaterThan(0)
    expect((await read(bob.token)).status).toBe(200)
    // Counted in Redis, where other processes count too, and not forever.
    const { sub } = decodeJwt(ann.token)
    const ttl = await world.api.clients.redis.ttl(`rate:read:user:${sub}`)
    expect(ttl).toBeGreaterThan(0)
    expect(ttl).toBeLessThanOrEqual(60)
  })

  it('lock nobody out whom others try to sign in as', async () => {
    world = await openApiWorld({ RATE_LIMITS: 'true', RATE_LIMIT_FACTOR: '0.05', TRUSTED_PROXY_HOPS: '1' })
    await redisIsReady()
    const block = Math.floor(Math.random() * 60_000).toString(16)
    const from = (host: number | string) => ({ 'X-Forwarded-For': `2001:db8:${host}:${block}::1` })
    const home = from('aaaa')
    const ann = await signUp(world, home)
    const signIn = (password: string, headers: Record<string, string>, more: object = {}) =>
      world.call('POST', '/v1/sessions', { body: { username: ann.username, password, ...more }, headers })
    const phone = await signIn('long enough', home)
    const statuses = []
    // 100 × 0.05 an hour for the name, from networks that it does not know.
    for (let host = 0; host < 6; host++) statuses.push((await signIn('not the password', from(host))).status)
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429])
    expect((await signIn('long enough', from('bbbb'))).status).toBe(429)
    expect((await signIn('long enough', home)).status).toBe(201)
    const { refreshToken } = phone.body
    expect((await signIn('long enough', from('cccc'), { refreshToken })).status).toBe(201)
    const events = await world.call('GET', '/v1/me/security-events', { token: ann.token })
    expect(events.body.items.map(({ kind }: { kind: string }) => kind)).toContain('sign_in_blocked')
  })

  it('count nothing against a network that signs in rightly', async () => {
    world = await openApiWorld({ RATE_LIMITS: 'true', RATE_LIMIT_FACTOR: '0.1', TRUSTED_PROXY_HOPS: '1' })
    await redisIsReady()
    const office = {
      'X-Forwarded-For': `2001:db8:dddd:${Math.floor(Math.random() * 60_000).toString(16)}::1`,
    }
    const people = await Promise.all(Array.from({ length: 4 }, () => world.signUp()))
    for (let round = 0; round < 4; round++) {
      for (const { username, password } of people) {
        const body = { username, password }
        expect((await world.call('POST', '/v1/sessions', { body, headers: office })).status).toBe(201)
      }
    }
  })

  it('let refresh tokens in wherever garbage comes from', async () => {
    world = await openApiWorld({ RATE_LIMITS: 'true', RATE_LIMIT_FACTOR: '0.05', TRUSTED_PROXY_HOPS: '1' })
    await redisIsReady()
    const headers = {
      'X-Forwarded-For': `2001:db8:eeee:${Math.floor(Math.random() * 60_000).toString(16)}::1`,
    }
    const refresh = (refreshToken: string) =>
      world.call('POST', '/v1/sessions/refresh', { body: { refreshToken }, headers })
    const ann = await world.signUp()
    const statuses = []
    for (let attempt = 0; attempt < 7; attempt++) statuses.push((await refresh(`garbage-${attempt}`)).status)
    expect(statuses).toEqual([401, 401, 401, 401, 401, 401, 429])
    expect((await refresh(ann.refreshToken)).status).toBe(200)
  })

  it('count sign-ups and sign-ins by address even with a token', async () => {
    world = await openApiWorld({ RATE_LIMITS: 'true', RATE_LIMIT_FACTOR: '0.05', TRUSTED_PROXY_HOPS: '1' })
    await redisIsReady()
    const headers = {
      'X-Forwarded-For': `2001:db8:aaaa:${Math.floor(Math.random() * 60_000).toString(16)}::1`,
    }
    const signUpAs = (token: string | undefined) => {
      const body = { username: `r${Math.random().toString(36).slice(2)}`, password: 'long enough' }
      return world.call('POST', '/v1/users', { body, headers, token })
    }
    // 30 × 0.05 an hour.
    const first = await signUpAs(undefined)
    const second = await signUpAs(first.body.accessToken)
    const third = await signUpAs(second.body.accessToken)
    expect([first.status, second.status, third.status]).toEqual([201, 201, 429])
    const statuses: number[] = []
    for (const token of [undefined, first.body.accessToken, second.body.accessToken, undefined]) {
      const body = { username: `nobody-${statuses.length}`, password: 'not the password' }
      statuses.push((await world.call('POST', '/v1/sessions', { body, headers, token })).status)
    }
    // 60 × 0.05 in a quarter of an hour.
    expect(statuses).toEqual([401, 401, 401, 429])
  })

  it('keep slow readers of originals to their share', async () => {
    world = await openApiWorld()
    const ann = await world.signUp()
    const photoId = await world.seedPhoto({ ownerId: ann.id })
    const { objects } = world.api.clients
    // More than the buffers on the way hold, so that an unread answer stalls.
    await objects.put(`originals/${photoId}`, Buffer.alloc(20_000_000, 1), 'image/jpeg')
    const download = async () => {
      const request = get(`${world.api.url}/v1/photos/${photoId}/original`, {
        headers: { Authorization: `Bearer ${ann.token}` },
        agent: false,
      })
      const [response] = (await once(request, 'response')) as [IncomingMessage]
      response.on('error', () => {})
      return { response, status: response.statusCode! }
    }
    const answers = await Promise.all(Array.from({ length: 60 }, download))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(8)
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(52)
    expect((await world.call('GET', '/readyz')).body.dependencies.storage.state).toBe('up')
    for (const { response } of answers) response.destroy()
    await expect.poll(async () => (await download()).status, { timeout: 10_000 }).toBe(200)
    await objects.delete([`originals/${photoId}`])
  })

  it('continue in each process while Redis is down', async () => {
    world = await openApiWorld({
      RATE_LIMITS: 'true',
      RATE_LIMIT_FACTOR: '0.1',
      REDIS_URL: 'redis://127.0.0.1:1',
      TRUSTED_PROXY_HOPS: '1',
    })
    const headers = { 'X-Forwarded-For': '192.0.2.1' }
    const ann = await signUp(world, headers)
    expect((await world.call('GET', '/v1/feed', { token: ann.token })).status).toBe(200)
    const statuses = []
    for (let attempt = 0; attempt < 7; attempt++) {
      const body = { username: `nobody-${attempt}`, password: 'not the password' }
      statuses.push((await world.call('POST', '/v1/sessions', { body, headers })).status)
    }
    expect(statuses).toEqual([401, 401, 401, 401, 401, 401, 429])
  })

  /** Until then the process counts for itself. */
  const redisIsReady = () => expect.poll(() => world.api.clients.redis.status).toBe('ready')

  async function signUp(at: ApiWorld, headers: Record<string, string>) {
    const username = `r${Math.random().toString(36).slice(2)}`
    const { body } = await at.call('POST', '/v1/users', {
      body: { username, password: 'long enough' },
      headers,
    })
    return { username, token: body.accessToken as string }
  }
})
