import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openApiWorld, type ApiWorld, type Person } from '../../support/worlds/api-world.ts'

let world: ApiWorld
let ann: Person
beforeAll(async () => {
  world = await openApiWorld()
  ann = await world.signUp()
})
afterAll(() => world?.close())

const FIELDS = [
  ...[
    'username',
    'password',
    'displayName',
    'bio',
    'isPrivate',
    'refreshToken',
    'contentType',
    'bytes',
    'sha256',
  ],
  ...[
    'caption',
    'altText',
    'visibility',
    'shareLocation',
    'allowDownload',
    'albumId',
    'title',
    'coverPhotoId',
    'role',
    'position',
    'Records',
    'key',
    'message',
    '__proto__',
  ],
]
const value = fc.oneof(
  { weight: 3, arbitrary: fc.jsonValue({ maxDepth: 4 }) },
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.constantFrom(
    'image/jpeg',
    'public',
    'a'.repeat(64),
    1,
    2 ** 53,
    -1,
    1e308,
    'incoming/x',
    '/buckets/darkroom/a',
  ),
)
const body = fc.option(fc.dictionary(fc.constantFrom(...FIELDS), value, { maxKeys: 6 }), { nil: undefined })
const segment = fc.oneof(
  fc
    .string({ unit: 'binary', minLength: 1, maxLength: 40 })
    .map((text) => encodeURIComponent(text.toWellFormed())),
  fc.constantFrom(
    '%ff',
    '%00',
    '..',
    '.',
    '%2F',
    '%',
    '01a2036c-aeb9-7176-8322-8600c64a45cb',
    '0',
    'constructor',
  ),
)
const query = fc.array(
  fc.tuple(
    fc.constantFrom('limit', 'cursor', 'ids', 'q', 'tag', 'user', 'from', 'to', 'sort', 'wait', '__proto__'),
    fc.oneof(
      segment,
      fc.constantFrom('1', '99999999999', '-1', '2026-02-30', '2026-01-01T00:00:00Z', 'recent', '0'),
    ),
  ),
  { maxLength: 3 },
)
const headers = fc.record(
  {
    'If-Match': fc.constantFrom('*', '"x"', 'W/"1.a"', 'W/"99999999999.a"', ',,,', '"'),
    'If-None-Match': fc.constantFrom('*', '"x"', ',', '"'),
    'Idempotency-Key': fc.constantFrom('a', 'b', 'k'.repeat(255), '\u00e9'),
    'X-Forwarded-For': fc.constantFrom(',,,', 'fe80::1%eth0', '999.1.1.1', '::'),
  },
  { requiredKeys: [] },
)

it('answers any request as described, without an error of its own', async () => {
  const routes = world.api.routes
    .filter(({ path }) => !/metrics|readyz|progress/.test(path))
    .map(({ method, path }) => ({ method, path }))
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        route: fc.constantFrom(...routes),
        segments: fc.array(segment, { minLength: 2, maxLength: 2 }),
        body,
        query,
        headers,
        signedIn: fc.boolean(),
      }),
      async (input) => {
        let index = 0
        const path = input.route.path.replace(/:\w+/g, () => input.segments[index++]!)
        const search = input.query.map(([key, given]) => `${key}=${given}`).join('&')
        const isEvent = path.startsWith('/internal')
        const withBody = input.route.method !== 'get' && input.body !== undefined
        const answer = await world.call(
          input.route.method.toUpperCase(),
          search ? `${path}?${search}` : path,
          {
            ...(isEvent
              ? { token: world.api.clients.config.STORAGE_EVENTS_TOKEN }
              : { token: input.signedIn ? ann.token : undefined }),
            ...(withBody ? { body: input.body } : {}),
            headers: input.headers,
          },
        )
        if (answer.status === 503) expect(path).toMatch(/search|tags/)
        else expect(answer.status).toBeLessThan(500)
      },
    ),
    { numRuns: Number(process.env.FUZZ_RUNS ?? 600) },
  )
})
