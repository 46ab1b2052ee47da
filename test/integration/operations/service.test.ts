import { validateSchema } from '../../support/openapi-validation.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { openApiPath } from '../../../src/api/openapi/document.ts'
import packageJson from '../../../package.json' with { type: 'json' }
import { ERROR_CODES } from '../../../src/domain/errors.ts'
import { STATUS_BY_CODE } from '../../../src/api/errors.ts'
import { ProblemSchema } from '../../../src/api/openapi/responses.ts'
import { openApiWorld, type ApiWorld, type Person } from '../../support/worlds/api-world.ts'

/** The part of the document that these tests read. */
type Contents = Record<string, { examples?: Record<string, { value: unknown }> } | undefined>
interface Described {
  responses: Record<string, { headers: object }>
}

describe('the service around the routes', () => {
  let world: ApiWorld
  let ann: Person

  beforeAll(async () => {
    world = await openApiWorld({
      CORS_ORIGINS: 'https://app.example',
      METRICS_TOKEN: 'm'.repeat(40),
      RATE_LIMITS: 'true',
      RATE_LIMIT_FACTOR: '100',
    })
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

    it('gives every body and answer an example that its schema accepts', () => {
      for (const { description } of world.api.routes) {
        const { operation } = description
        if (!operation) continue
        const { id, body, responses, examples = {} } = operation
        if (body) expect(body.safeParse(examples.body), id).toMatchObject({ success: true })
        const answers = Object.entries(responses)
          .filter(([status]) => Number(status) < 300)
          .flatMap(([, schema]) => (schema instanceof z.ZodType ? [schema.safeParse(examples.answer)] : []))
        if (answers.length > 0)
          expect(
            answers.map(({ data }) => data),
            id,
          ).toContainEqual(examples.answer)
      }
    })

    it('shows problems as the API answers them', async () => {
      const { body } = await world.call('GET', '/openapi.json')
      const { responses } = body.paths['/v1/photos'].post
      expect(Object.keys(responses)).toEqual(
        expect.arrayContaining(['201', '403', '409', '413', '429', '500']),
      )
      for (const [status, { content }] of Object.entries<{ content: Contents }>(responses)) {
        const { examples = {} } = content['application/problem+json'] ?? {}
        for (const [code, { value }] of Object.entries(examples)) {
          expect(ProblemSchema.parse(value)).toEqual(value)
          expect(value).toMatchObject({ code, status: Number(status) })
        }
      }
    })

    it('names only headers that it describes, and describes no others', async () => {
      const { body } = await world.call('GET', '/openapi.json')
      const { responses } = body.paths['/v1/photos/{photoId}'].get
      expect(Object.keys(responses[200].headers)).toEqual(
        expect.arrayContaining(['ETag', 'Cache-Control', 'X-Request-Id', 'RateLimit', 'RateLimit-Policy']),
      )
      expect(Object.keys(responses[304].headers)).toContain('ETag')
      expect(Object.keys(responses[429].headers)).toContain('Retry-After')
      const operations = Object.values<Record<string, Described>>(body.paths).flatMap(
        Object.values<Described>,
      )
      const named = operations.flatMap(({ responses }) =>
        Object.values(responses).flatMap(({ headers }) => Object.keys(headers)),
      )
      expect(Object.keys(body.components.headers).sort()).toEqual([...new Set(named)].sort())
    })

    it('states defaults and the version of this release', async () => {
      const { body } = await world.call('GET', '/openapi.json')
      expect(body.info.version).toBe(packageJson.version)
      const { parameters } = body.paths['/v1/feed'].get
      expect(parameters.find(({ name }: { name: string }) => name === 'limit')).toMatchObject({
        schema: { type: 'integer', minimum: 1, maximum: 100, default: 20 },
      })
    })

    it('explains every error code and every rate limit with its numbers', async () => {
      const { body } = await world.call('GET', '/openapi.json')
      const { description } = body.info
      for (const code of ERROR_CODES) {
        expect(description).toContain(`| \`${code}\` | ${STATUS_BY_CODE[code]} |`)
      }
      for (const heading of ['Upload a photo', 'Page through a list', 'Repeat safely', 'Rate limits']) {
        expect(description).toContain(`## ${heading}`)
      }
      const { headers } = await world.call('GET', '/v1/me', { token: ann.token })
      const [, quota] = /q=(\d+)/.exec(headers.get('RateLimit-Policy')!)!
      expect(description).toContain(`| \`read\` | ${quota} | 1 minute |`)
      expect(body.paths['/v1/me'].get.description).toContain(`${quota} requests in 1 minute`)
    })

    it('is what the root redirects to', async () => {
      const response = await fetch(world.api.url, { redirect: 'manual' })
      expect(response.status).toBe(302)
      expect(response.headers.get('Location')).toBe('/docs')
    })

    it('states who may call each operation and what a problem looks like', async () => {
      const { body } = await world.call('GET', '/openapi.json')
      expect(body.paths['/v1/photos'].post).toMatchObject({
        operationId: 'createPhoto',
        security: [{ accessToken: [] }, { personalToken: ['upload'] }],
        responses: {
          201: {},
          401: {
            content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
          },
          422: {},
          429: {},
        },
      })
      expect(body.paths['/v1/photos/{photoId}'].get.security).toEqual([
        { accessToken: [] },
        { personalToken: ['read'] },
        {},
      ])
    })

    it('is shown by a page that may run only its own scripts', async () => {
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
        'search-index',
      ])
      expect(body.dependencies.postgres).toMatchObject({ state: 'up', required: true })
    })

    it('serves metrics by route pattern, locally or with the token', async () => {
      await world.call('GET', `/v1/users/${ann.username}`)
      const direct = await world.call('GET', '/metrics')
      expect(direct.body).toContain('route="/v1/users/:username"')
      expect(direct.body).not.toContain(ann.username)
      // Asked at each scrape, so that alerts do not depend on calls of /readyz.
      expect(direct.body).toContain('darkroom_dependency_up{dependency="temporal",required="false"} 1')
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

    it('accepts a caller’s request id only if it is harmless', async () => {
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

    it('answers CORS for the configured origins only, on errors too', async () => {
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
    const token = () => world.api.clients.config.STORAGE_EVENTS_TOKEN
    const bucket = () => world.api.clients.config.S3_BUCKET
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

    it('wake a pending upload, in both formats', async () => {
      for (const form of [
        (id: string) => seaweed(`${bucket()}/incoming/${id}`),
        (id: string) => aws(bucket(), `incoming%2F${id}`),
      ]) {
        const id = await world.seedPhoto({ ownerId: ann.id, status: 'awaiting_upload' })
        expect(await send(form(id))).toMatchObject({ status: 200, body: { accepted: 1 } })
        expect(await owedFor(id)).toEqual([{ kind: 'originalArrived' }])
      }
    })

    it('are acknowledged and ignored for foreign buckets, keys and photos', async () => {
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

    it('are refused without the token, before the body is read', async () => {
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
