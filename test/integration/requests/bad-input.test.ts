import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  openApiWorld,
  type ApiWorld,
  type Person,
  type RequestOptions,
} from '../../support/worlds/api-world.ts'

/** Every input that is refused: with which status and code, naming which fields, and with nothing stored. */
describe('bad input', () => {
  let world: ApiWorld
  let ann: Person
  let photoId: string

  beforeAll(async () => {
    world = await openApiWorld({ MAX_UPLOAD_BYTES: '1000000' })
    ann = await world.signUp()
    photoId = await world.seedPhoto({ ownerId: ann.id })
  })
  afterAll(() => world?.close())

  const good = { contentType: 'image/jpeg', bytes: 10 }
  const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
  const latin1 = Buffer.from('{"username":"caf\xe9","password":"long enough"}', 'latin1')

  interface Case {
    what: string
    call: [method: string, path: string]
    options?: RequestOptions
    status: number
    code: string
    fields?: string[]
    signedIn?: boolean
  }

  const post = (what: string, body: unknown, status: number, code: string, fields?: string[]): Case => ({
    what,
    call: ['POST', '/v1/photos'],
    options: { body },
    status,
    code,
    ...(fields ? { fields } : {}),
  })
  const get = (path: string, status: number, code: string, fields?: string[]): Case => ({
    what: `GET ${path}`,
    call: ['GET', path],
    status,
    code,
    ...(fields ? { fields } : {}),
  })
  const signUp = (what: string, body: unknown, fields: string[]): Case => ({
    what,
    call: ['POST', '/v1/users'],
    options: { body },
    status: 422,
    code: 'invalid',
    fields,
    signedIn: false,
  })
  const raw = (
    what: string,
    bytes: string | Uint8Array,
    status: number,
    code: string,
    fields?: string[],
  ): Case => ({
    what,
    call: ['POST', '/v1/users'],
    options: { raw: bytes },
    status,
    code,
    ...(fields ? { fields } : {}),
    signedIn: false,
  })

  const cases: Case[] = [
    post('an unknown field', { ...good, ownerId: '1' }, 422, 'invalid', ['body.ownerId']),
    post(
      'several wrong fields, all listed',
      { contentType: 5, bytes: '10', caption: [], x: 1 },
      422,
      'invalid',
      ['body.contentType', 'body.bytes', 'body.caption', 'body.x'],
    ),
    post('an unknown visibility', { ...good, visibility: 'friends' }, 422, 'invalid', ['body.visibility']),
    post('bytes above the limit', { ...good, bytes: 1_000_001 }, 413, 'too_large', ['body.bytes']),
    post(
      'a content type that is none of ours',
      { ...good, contentType: 'image/svg+xml' },
      415,
      'unsupported_type',
      ['body.contentType'],
    ),
    post('both, listed together', { contentType: 'text/html', bytes: 9e9 }, 422, 'invalid', [
      'body.contentType',
      'body.bytes',
    ]),
    post('no bytes', { ...good, bytes: 0 }, 422, 'invalid', ['body.bytes']),
    post('half a byte', { ...good, bytes: 1.5 }, 422, 'invalid', ['body.bytes']),
    post('a huge caption', { ...good, caption: 'x'.repeat(2_201) }, 422, 'invalid', ['body.caption']),
    post('a huge alternative text', { ...good, altText: 'x'.repeat(1_001) }, 422, 'invalid', [
      'body.altText',
    ]),
    post('a body beyond all limits', { ...good, caption: 'x'.repeat(100_000) }, 413, 'too_large'),
    post('NUL in a string', { ...good, caption: 'a\0b' }, 422, 'invalid', ['body.caption']),
    post('half a surrogate pair', { ...good, caption: '\ud800' }, 422, 'invalid', ['body.caption']),
    post('a checksum that is none', { ...good, sha256: 'abc' }, 422, 'invalid', ['body.sha256']),
    post('an array', [good], 422, 'invalid', ['body']),
    post('null', null, 422, 'invalid', ['body']),
    {
      what: 'a __proto__ key',
      call: ['POST', '/v1/photos'],
      options: { raw: '{"contentType":"image/jpeg","bytes":10,"__proto__":{"bytes":1}}' },
      status: 422,
      code: 'invalid',
      fields: ['body'],
    },
    {
      what: 'a constructor key',
      call: ['POST', '/v1/photos'],
      options: { raw: '{"contentType":"image/jpeg","bytes":10,"constructor":{"prototype":{"x":1}}}' },
      status: 422,
      code: 'invalid',
      fields: ['body.constructor'],
    },
    {
      what: 'an endless Idempotency-Key',
      call: ['POST', '/v1/photos'],
      options: { body: good, headers: { 'Idempotency-Key': 'k'.repeat(256) } },
      status: 422,
      code: 'invalid',
      fields: ['header.Idempotency-Key'],
    },
    {
      what: 'an empty Idempotency-Key, which would guard nothing',
      call: ['POST', '/v1/photos'],
      options: { body: good, headers: { 'Idempotency-Key': '' } },
      status: 422,
      code: 'invalid',
      fields: ['header.Idempotency-Key'],
    },
    raw('bytes that are not UTF-8', latin1, 400, 'malformed'),
    raw('no JSON', '{"username":', 400, 'malformed'),
    raw('nothing', '', 400, 'malformed'),
    raw('deep nesting', nested(30_000), 422, 'invalid'),
    raw('an escaped NUL in a key', '{"user\\u0000name":"x"}', 422, 'invalid', ['body']),
    {
      what: 'another content type',
      call: ['POST', '/v1/users'],
      options: { raw: 'username=x', headers: { 'Content-Type': 'application/x-www-form-urlencoded' } },
      status: 415,
      code: 'unsupported_type',
      signedIn: false,
    },
    {
      what: 'a compressed body',
      call: ['POST', '/v1/users'],
      options: { raw: 'x', headers: { 'Content-Encoding': 'gzip' } },
      status: 415,
      code: 'unsupported_type',
      signedIn: false,
    },
    signUp('a username with a slash', { username: 'a/b', password: 'long enough' }, ['body.username']),
    signUp('a username that is too long', { username: 'a'.repeat(65), password: 'long enough' }, [
      'body.username',
    ]),
    signUp('a reserved username', { username: 'M.e', password: 'long enough' }, ['body.username']),
    signUp('a short password', { username: 'someone', password: 'short' }, ['body.password']),
    signUp('an endless password', { username: 'someone', password: 'x'.repeat(257) }, ['body.password']),
    signUp('a role that one gives oneself', { username: 'someone', password: 'long enough', role: 'admin' }, [
      'body.role',
    ]),
    signUp('a line break in a name', { username: 'someone', password: 'long enough', displayName: 'a\nb' }, [
      'body.displayName',
    ]),
    get('/v1/feed?limit=0', 422, 'invalid', ['query.limit']),
    get('/v1/feed?limit=101', 422, 'invalid', ['query.limit']),
    get('/v1/feed?limit=1e1', 422, 'invalid', ['query.limit']),
    get('/v1/feed?limit=5&limit=6', 422, 'invalid', ['query.limit']),
    get('/v1/feed?__proto__=2', 422, 'invalid', ['query.__proto__']),
    get('/v1/feed?constructor=2', 422, 'invalid', ['query.constructor']),
    get('/v1/feed?page=2', 422, 'invalid', ['query.page']),
    get('/v1/feed?cursor=abc', 400, 'bad_cursor'),
    get(`/v1/feed?cursor=${'A'.repeat(600)}`, 422, 'invalid', ['query.cursor']),
    get('/v1/photos', 422, 'invalid', ['query.ids']),
    get('/v1/photos?ids=1,2', 422, 'invalid', ['query.ids']),
    get(
      `/v1/photos?ids=${Array.from({ length: 101 }, (_, i) => `01a2036c-aeb9-7176-8322-${String(i).padStart(12, '0')}`).join(',')}`,
      422,
      'invalid',
      ['query.ids'],
    ),
    get('/v1/search/photos?q=a%00b', 422, 'invalid', ['query.q']),
    get('/v1/search/photos?q=%ff', 422, 'invalid', ['query.q']),
    get('/v1/search/photos?from=yesterday&to=2026-13-01&sort=best', 422, 'invalid', [
      'query.from',
      'query.to',
      'query.sort',
    ]),
    get(`/v1/search/photos?q=${'x'.repeat(201)}`, 422, 'invalid', ['query.q']),
    get(
      '/v1/search/photos?from=2026-02-30&takenFrom=2025-02-29&takenTo=2026-01-01T00:00:00Z',
      422,
      'invalid',
      ['query.from', 'query.takenFrom', 'query.takenTo'],
    ),
    ...['91,0', '0,181', '-90.1,0', 'NaN,0', '1e1,0', '0', '0,0,0', '', ',', '0, 0'].map((near) =>
      get(`/v1/search/photos?near=${encodeURIComponent(near)}`, 422, 'invalid', ['query.near']),
    ),
    ...['0', '0.0', '-1', '5001', 'Infinity', '1e3', ''].map((radius) =>
      get(`/v1/search/photos?near=0,0&radius=${radius}`, 422, 'invalid', ['query.radius']),
    ),
    get('/v1/search/photos?radius=5', 422, 'invalid', ['query.radius']),
    ...[
      '0,1,1,0',
      '0,0,0,1',
      '180,0,-180,1',
      '-181,0,0,1',
      '0,-91,1,1',
      '0,0,1,90.5',
      '0,0,1',
      'a,b,c,d',
    ].map((bbox) => get(`/v1/search/photos?bbox=${bbox}`, 422, 'invalid', ['query.bbox'])),
    get(`/v1/search/photos?place=${'x'.repeat(201)}&camera=&lens=`, 422, 'invalid', [
      'query.place',
      'query.camera',
      'query.lens',
    ]),
    get('/v1/search/photos?orientation=round&color=beige&album=42', 422, 'invalid', [
      'query.orientation',
      'query.color',
      'query.album',
    ]),
    get('/v1/search/photos?facets=tags,users&zoom=21', 422, 'invalid', ['query.facets', 'query.zoom']),
    get('/v1/search/photos?album=0199a1b2-d4e5-7f60-9b7c-8d9e0f1a2b3c', 404, 'not_found'),
    get(`/v1/search/photos?q=${'a+'.repeat(1_000)}`, 422, 'invalid', ['query.q']),
    get(`/v1/search/photos?q=${'a+'.repeat(10_000)}`, 431, 'headers_too_large'),
    get('/v1/search/photos?cursor=abc', 400, 'bad_cursor'),
    get('/v1/photos/42', 404, 'not_found'),
    get('/v1/photos/%ff', 404, 'not_found'),
    get('/v1/photos/01A2036C-AEB9-7176-8322-8600C64A45CB', 404, 'not_found'),
    get('/v1/users/a%2Fb', 404, 'not_found'),
    get('/v1/users/nobody-has-this-name', 404, 'not_found'),
    get('/v1/users/nobody-has-this-name/photos', 404, 'not_found'),
    get('/v1/users/%00', 404, 'not_found'),
    get('/v1/tags/%00/photos', 404, 'not_found'),
    get('/v1/reportage', 404, 'not_found'),
    get('/v1/albums/42', 404, 'not_found'),
    get('/v2/feed', 404, 'not_found'),
    get('/v1/Feed', 404, 'not_found'),
    {
      what: 'a method that a path does not have',
      call: ['PUT', '/v1/feed'],
      status: 405,
      code: 'method_not_allowed',
    },
    {
      what: 'an empty edit',
      call: ['PATCH', '/v1/me'],
      options: { body: {} },
      status: 422,
      code: 'invalid',
      fields: ['body'],
    },
    {
      what: 'a private account that is half so',
      call: ['PATCH', '/v1/me'],
      options: { body: { isPrivate: null } },
      status: 422,
      code: 'invalid',
      fields: ['body.isPrivate'],
    },
    {
      what: 'following oneself',
      call: ['PUT', '/v1/users/SELF/follow'],
      status: 422,
      code: 'invalid',
      fields: ['params.username'],
    },
    { what: 'following nobody', call: ['PUT', '/v1/users/nobody/follow'], status: 404, code: 'not_found' },
    {
      what: 'completing an absent upload',
      call: ['POST', '/v1/photos/01a2036c-aeb9-7176-8322-8600c64a45cb/complete'],
      status: 404,
      code: 'not_found',
    },
    {
      what: 'editing what no one may edit',
      call: ['PATCH', '/v1/photos/PHOTO'],
      options: { body: { ownerId: '1', status: 'ready', score: 1 } },
      status: 422,
      code: 'invalid',
      fields: ['body.ownerId', 'body.score', 'body.status'],
    },
    {
      what: 'an edit of another version',
      call: ['PATCH', '/v1/photos/PHOTO'],
      options: { body: { caption: 'x' }, headers: { 'If-Match': 'W/"7.abc"' } },
      status: 412,
      code: 'precondition_failed',
    },
    {
      what: 'an If-Match that is no ETag',
      call: ['PATCH', '/v1/photos/PHOTO'],
      options: { body: { caption: 'x' }, headers: { 'If-Match': 'seven' } },
      status: 412,
      code: 'precondition_failed',
    },
  ]

  it.each(cases)(
    'answers $what with $status $code',
    async ({ call, options = {}, status, code, fields, signedIn = true }) => {
      const before = await snapshot()
      const path = call[1].replace('SELF', ann.username).replace('PHOTO', photoId)
      const answer = await world.call(call[0], path, {
        ...(signedIn ? { token: ann.token } : {}),
        ...options,
      })
      expect({ status: answer.status, code: answer.body.code }).toEqual({ status, code })
      expect(answer.headers.get('Content-Type')).toMatch(/^application\/problem\+json/)
      expect(answer.body).toMatchObject({ status, title: expect.any(String), detail: expect.any(String) })
      expect(answer.body.requestId).toBe(answer.headers.get('X-Request-Id'))
      if (fields) expect(pathsOf(answer.body)).toEqual([...fields].sort())
      if (status === 405) expect(answer.headers.get('Allow')).toContain('GET')
      expect(await snapshot()).toEqual(before)
    },
  )

  it('refuses a malformed Authorization header on open routes too', async () => {
    const answer = await world.call('GET', `/v1/photos/${photoId}`, {
      headers: { Authorization: 'Basic eDp5' },
    })
    expect(answer.status).toBe(401)
    expect(answer.body.code).toBe('unauthenticated')
  })

  const pathsOf = (problem: { errors?: { path: string }[] }) => problem.errors?.map(({ path }) => path).sort()

  /** Row counts, and the rows that edits would change. */
  async function snapshot() {
    const photos = await world.db.primary({ text: 'SELECT * FROM photos ORDER BY photo_id' })
    const users = await world.db.primary({ text: 'SELECT * FROM users ORDER BY user_id' })
    return { counts: await world.rowCounts(), photos, users }
  }
})
