import { request, Agent } from 'node:http'
import { decodeJwt } from 'jose'
import { validateSchema } from './openapi-validation.ts'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { openApiPath } from '../../src/api/openapi.ts'
import { openApiWorld, type ApiWorld, type Person } from './api-fixture.ts'

describe('the service around the routes', () => {
  let world: ApiWorld
  let ann: Person

  beforeAll(async () => {
    world = await openApiWorld({ CORS_ORIGINS: 'https://app.example', METRICS_TOKEN: 'm'.repeat(40) })
    ann = await world.signUp()
  })
  afterAll(() => world?.close())

  describe('the OpenAPI document', () => {
    it('is valid 3.1', async () => {
      const { body } = await world.call('GET', '/openapi.json')
      expect(body.openapi).toBe('3.1.0')
      expect(await validateSchema(body)).toEqual([])
    })

    it('describes every route of the router and no other', async () => {
      const { body } = await world.call('GET', '/openapi.json')
      const described = Object.entries<object>(body.paths).flatMap(([path, operations]) =>
        Object.keys(operations).map((method) => `${method} ${path}`),
      )
      const routed = world.api.routes.map(({ method, path }) => `${method} ${openApiPath(path)}`)
      expect(described.sort()).toEqual(routed.sort())
      expect(described.length).toBeGreaterThan(30)
    })

    it('says of each operation who may call it and what a problem looks like', async () => {
      const { body } = await world.call('GET', '/openapi.json')
      expect(body.paths['/v1/photos'].post).toMatchObject({
        operationId: 'createPhoto',
        security: [{ accessToken: [] }],
        responses: {
          201: {},
          401: {
            content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
          },
          422: {},
          429: {},
        },
      })
      expect(body.paths['/v1/photos/{photoId}'].get.security).toEqual([{ accessToken: [] }, {}])
    })

    it('is shown by a page that may run nothing but its own scripts', async () => {
      const page = await world.call('GET', '/docs')
      expect(page.headers.get('Content-Security-Policy')).toContain("script-src 'self'")
      for (const [, path] of page.body.matchAll(/(?:src|href)="([^"]+)"/g)) {
        expect((await world.call('GET', path)).status).toBe(200)
      }
      expect((await world.call('GET', '/docs/package.json')).status).toBe(404)
      expect((await world.call('GET', '/docs/../package.json')).status).toBe(404)
    })
  })

  describe('operations', () => {
    it('names every dependency', async () => {
      const { status, body } = await world.call('GET', '/readyz')
      expect(status).toBe(200)
      expect(Object.keys(body.dependencies)).toEqual([
        'postgres',
        'replica',
        'redis',
        'storage',
        'temporal',
        'opensearch',
      ])
      expect(body.dependencies.postgres).toMatchObject({ state: 'up', required: true })
    })

    it('gives metrics by route pattern, to this machine or with the token alone', async () => {
      await world.call('GET', `/v1/users/${ann.username}`)
      const direct = await world.call('GET', '/metrics')
      expect(direct.body).toContain('route="/v1/users/:username"')
      expect(direct.body).not.toContain(ann.username)
      const forwarded = { 'X-Forwarded-For': '203.0.113.9' }
      expect((await world.call('GET', '/metrics', { headers: forwarded })).status).toBe(401)
      expect(
        (await world.call('GET', '/metrics', { headers: forwarded, token: 'm'.repeat(40) })).status,
      ).toBe(200)
      expect(
        (await world.call('GET', '/metrics', { headers: forwarded, token: 'm'.repeat(39) })).status,
      ).toBe(401)
    })

    it('logs neither tokens, queries, captions, names nor addresses', async () => {
      const secret = 'xyzzy-secret'
      await world.call('GET', `/v1/search/photos?q=${secret}`, { token: ann.token })
      await world.call('POST', '/v1/photos', {
        token: ann.token,
        body: { contentType: 'image/jpeg', bytes: 5, caption: secret },
        headers: { 'User-Agent': secret, 'X-Forwarded-For': '203.0.113.77' },
      })
      await world.call('POST', '/v1/sessions', { body: { username: ann.username, password: secret } })
      await world.call('POST', '/v1/sessions/refresh', { body: { refreshToken: ann.refreshToken } })
      await world.call('GET', `/v1/users/${ann.username}?${secret}=1`, { token: secret })
      await world.call('GET', `/${secret}`)
      const text = world.logLines.join('')
      expect(text).toContain('"route":"/v1/search/photos"')
      expect(text).toContain('"route":"unmatched"')
      for (const hidden of [
        secret,
        ann.token,
        ann.refreshToken,
        ann.password,
        ann.username,
        '203.0.113.77',
      ]) {
        expect(text).not.toContain(hidden)
      }
    })

    it('takes a caller’s request id only if it is harmless', async () => {
      const idFor = async (given: string) =>
        (await world.call('GET', '/healthz', { headers: { 'X-Request-Id': given } })).headers.get(
          'X-Request-Id',
        )
      expect(await idFor('abc-12345')).toBe('abc-12345')
      expect(await idFor('a b {}')).toMatch(/^[0-9a-f-]{36}$/)
    })

    it('sends nosniff and a policy that allows nothing', async () => {
      const { headers } = await world.call('GET', '/healthz')
      expect(headers.get('X-Content-Type-Options')).toBe('nosniff')
      expect(headers.get('Content-Security-Policy')).toContain("default-src 'none'")
      expect(headers.get('X-Powered-By')).toBeNull()
    })

    it('answers CORS to the configured origins alone, on errors too', async () => {
      const from = (origin: string, method = 'GET', path = '/v1/feed') =>
        world.call(method, path, {
          headers: {
            Origin: origin,
            ...(method === 'OPTIONS' ? { 'Access-Control-Request-Method': 'POST' } : {}),
          },
        })
      const refused = await from('https://app.example')
      expect(refused.status).toBe(401)
      expect(refused.headers.get('Access-Control-Allow-Origin')).toBe('https://app.example')
      expect(refused.headers.get('Access-Control-Expose-Headers')).toContain('X-Request-Id')
      const preflight = await from('https://app.example', 'OPTIONS', '/v1/photos')
      expect(preflight.status).toBe(204)
      expect(preflight.headers.get('Access-Control-Allow-Headers')).toContain('Idempotency-Key')
      expect((await from('https://evil.example')).headers.get('Access-Control-Allow-Origin')).toBeNull()
      expect((await from('null')).headers.get('Access-Control-Allow-Origin')).toBeNull()
    })

    it('shows nothing internal when something breaks', async () => {
      const { primary } = world.db
      world.db.primary = async () => {
        throw new Error('password of the database is hunter2')
      }
      try {
        const broken = await world.call('GET', '/v1/me', { token: ann.token })
        expect(broken).toMatchObject({ status: 500, body: { code: 'internal' } })
        expect(JSON.stringify(broken.body)).not.toContain('hunter2')
        world.db.primary = async () => {
          throw Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })
        }
        const away = await world.call('GET', '/v1/me', { token: ann.token })
        expect(away).toMatchObject({ status: 503, body: { code: 'unavailable' } })
        expect(away.headers.get('Retry-After')).toBe('1')
      } finally {
        world.db.primary = primary
      }
    })
  })

  describe('storage events', () => {
    const token = () => world.api.deps.config.STORAGE_EVENTS_TOKEN
    const bucket = () => world.api.deps.config.S3_BUCKET
    const send = (body: unknown, withToken: string | undefined = token()) =>
      world.call('POST', '/internal/storage-events', { body, token: withToken })
    const seaweed = (key: string) => ({
      event_type: 'create',
      key: `/buckets/${key}`,
      message: { new_entry: { name: 'x', attributes: { file_size: 10 } }, delete_chunks: true },
    })
    const aws = (bucketName: string, key: string, eventName = 's3:ObjectCreated:Put') => ({
      Records: [{ eventName, s3: { bucket: { name: bucketName }, object: { key, size: 10 } } }],
    })
    const owedFor = (photoId: string) =>
      world.db.primary({
        text: `SELECT kind FROM outbox WHERE payload->>'photoId' = $1`,
        values: [photoId],
      })

    it('wake an awaited upload, in both forms', async () => {
      for (const form of [
        (id: string) => seaweed(`${bucket()}/incoming/${id}`),
        (id: string) => aws(bucket(), `incoming%2F${id}`),
      ]) {
        const id = await world.seedPhoto({ ownerId: ann.id, status: 'awaiting_upload' })
        expect(await send(form(id))).toMatchObject({ status: 200, body: { accepted: 1 } })
        expect(await owedFor(id)).toEqual([{ kind: 'originalArrived' }])
      }
    })

    it('of foreign buckets, keys and photos are acknowledged and passed over', async () => {
      const awaited = await world.seedPhoto({ ownerId: ann.id, status: 'awaiting_upload' })
      const ready = await world.seedPhoto({ ownerId: ann.id })
      const before = await world.rowCounts()
      for (const event of [
        seaweed(`other/incoming/${awaited}`),
        seaweed(`${bucket()}/originals/${awaited}`),
        seaweed(`${bucket()}/incoming/${awaited}/x`),
        seaweed(`${bucket()}/incoming/${ready}`),
        seaweed(`${bucket()}/incoming/01a2036c-aeb9-7176-8322-8600c64a45cb`),
        { ...seaweed(`${bucket()}/incoming/${awaited}`), message: { old_entry: { name: 'x' } } },
        aws('other', `incoming/${awaited}`),
        aws(bucket(), `incoming/${awaited}`, 's3:ObjectRemoved:Delete'),
        aws(bucket(), '%E0%A4%A'),
        { Records: [null, 5, { s3: {} }] },
        {},
        { hello: 'world' },
      ]) {
        expect(await send(event)).toMatchObject({ status: 200, body: { accepted: 0 } })
      }
      expect(await world.rowCounts()).toEqual(before)
    })

    it('without the token are refused, before the body is read', async () => {
      const id = await world.seedPhoto({ ownerId: ann.id, status: 'awaiting_upload' })
      const event = seaweed(`${bucket()}/incoming/${id}`)
      for (const wrong of ['', 'wrong', `${token()}x`, ann.token]) {
        expect(await send(event, wrong)).toMatchObject({ status: 401, body: { code: 'unauthenticated' } })
      }
      expect(await world.call('POST', '/internal/storage-events', { body: event })).toMatchObject({
        status: 401,
      })
      expect(await owedFor(id)).toEqual([])
    })
  })
})

describe('rate limits', () => {
  let world: ApiWorld
  afterEach(() => world?.close())

  it('count by account, by address and by the account that a sign-in tries', async () => {
    world = await openApiWorld({ RATE_LIMITS: 'true', RATE_LIMIT_FACTOR: '0.2', TRUSTED_PROXY_HOPS: '1' })
    let host = Math.floor(Math.random() * 60_000)
    const from = () => ({ 'X-Forwarded-For': `198.51.100.7, 2001:db8:${(host++).toString(16)}::1` })
    const ann = await signUp(world, from())
    const signIn = (headers: Record<string, string>, username = ann.username) =>
      world.call('POST', '/v1/sessions', { body: { username, password: 'not the password' }, headers })

    // Per target: 20 × 0.2 tries, wherever they come from.
    const statuses = []
    for (let attempt = 0; attempt < 5; attempt++) statuses.push((await signIn(from())).status)
    expect(statuses).toEqual([401, 401, 401, 401, 429])
    const refused = await signIn(from())
    expect(refused.body.code).toBe('rate_limited')
    expect(Number(refused.headers.get('Retry-After'))).toBeGreaterThan(0)
    expect(refused.headers.get('RateLimit-Policy')).toBe('"signInTarget";q=4;w=900')
    expect(refused.headers.get('RateLimit')).toMatch(/^"signInTarget";r=0;t=\d+$/)

    // Per address: 60 × 0.2 tries, whatever the name, and a /64 is one address.
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
    const rest = await Promise.all(Array.from({ length: 245 }, () => read(ann.token)))
    expect(rest.some(({ status }) => status === 429)).toBe(true)
    expect((await read(bob.token)).status).toBe(200)
    // Counted in Redis, where other processes count too, and not for ever.
    const { sub } = decodeJwt(ann.token)
    const ttl = await world.api.deps.redis.ttl(`rate:read:user:${sub}`)
    expect(ttl).toBeGreaterThan(0)
    expect(ttl).toBeLessThanOrEqual(60)
  })

  it('go on in each process while Redis is away', async () => {
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

  async function signUp(at: ApiWorld, headers: Record<string, string>) {
    const username = `r${Math.random().toString(36).slice(2)}`
    const { body } = await at.call('POST', '/v1/users', {
      body: { username, password: 'long enough' },
      headers,
    })
    return { username, token: body.accessToken as string }
  }
})

describe('stopping', () => {
  it('lets a long poll answer, refuses what is new, and then closes', async () => {
    const world = await openApiWorld()
    const ann = await world.signUp()
    const id = await world.seedPhoto({ ownerId: ann.id, status: 'awaiting_upload' })
    // Two connections of a keep-alive client: one waits in a long poll, one is used while the process stops.
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const url = new URL(world.api.url)
    const get = (path: string, using: Agent, token?: string) =>
      new Promise<{ status: number; connection: string | undefined; body: string }>((resolve, reject) => {
        const call = request(
          {
            host: url.hostname,
            port: url.port,
            path,
            agent: using,
            headers: token ? { Authorization: `Bearer ${token}` } : {},
          },
          (response) => {
            let body = ''
            response.on('data', (chunk: Buffer) => (body += chunk.toString()))
            response.on('end', () =>
              resolve({ status: response.statusCode!, connection: response.headers.connection, body }),
            )
          },
        )
        call.on('error', reject)
        call.end()
      })
    const reached = new Promise<void>((resolve) => {
      const { primary } = world.db
      world.db.primary = async (statement) => {
        const rows = await primary(statement)
        if (statement.name === 'photo-cards') resolve()
        return rows as never
      }
    })
    const polling = get(`/v1/photos/${id}/progress?wait=50`, agent, ann.token)
    await reached
    const startedAt = performance.now()
    const stopped = world.api.stop()
    const answer = await polling
    expect(answer).toMatchObject({ status: 200, connection: 'close' })
    expect(JSON.parse(answer.body).status).toBe('awaiting_upload')
    await expect(get('/healthz', new Agent())).rejects.toThrow('ECONNREFUSED')
    await stopped
    expect(performance.now() - startedAt).toBeLessThan(5_000)
    agent.destroy()
    await world.close()
  })

  it('turns /readyz to 503 and sends new requests on open connections elsewhere', async () => {
    const world = await openApiWorld()
    const { koa } = world.api
    const stopping = new AbortController()
    stopping.abort()
    // What a request meets that arrives on a connection opened before.
    Object.assign(koa.context, { stopping: stopping.signal })
    expect(await world.call('GET', '/readyz')).toMatchObject({ status: 503, body: { status: 'stopping' } })
    expect((await world.call('GET', '/healthz')).status).toBe(200)
    const refused = await world.call('GET', '/v1/feed')
    expect(refused).toMatchObject({ status: 503, body: { code: 'unavailable' } })
    expect(refused.headers.get('Retry-After')).toBe('1')
    expect(refused.headers.get('Connection')).toBe('close')
    await world.close()
  })
})
