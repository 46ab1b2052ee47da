import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createOpenApiDocument } from './document.ts'
import { createRoutes } from '../routing.ts'
import { albumRoutes } from '../routes/albums/routes.ts'
import { CreateAlbum } from '../routes/albums/schema.ts'
import { accountRoutes } from '../routes/accounts/routes.ts'
import { UpdateMe } from '../routes/accounts/schema.ts'
import { sessionRoutes } from '../routes/accounts/session-routes.ts'
import { commentRoutes } from '../routes/engagement/comment-routes.ts'
import { CreateComment } from '../routes/engagement/comment-schema.ts'
import { photoRoutes } from '../routes/photos/routes.ts'
import { GetPhotos, UpdatePhoto } from '../routes/photos/schema.ts'
import { searchRoutes } from '../routes/search/routes.ts'
import { uploadRoutes } from '../routes/uploads/routes.ts'

interface Schema {
  type?: string | string[]
  pattern?: string
  minLength?: number
  maxLength?: number
  minProperties?: number
  anyOf?: Schema[]
  properties?: Record<string, Schema>
  items?: Schema
}
interface Operation {
  parameters?: { name: string; schema: Schema }[]
  requestBody?: { content: { 'application/json': { schema: Schema } } }
  responses: Record<string, unknown>
}

const never = () => {
  throw new Error('no request is made')
}
const v1 = createRoutes('/v1')
accountRoutes(v1)
sessionRoutes(v1)
uploadRoutes(v1, { present: never, maxUploadBytes: 1_000 })
photoRoutes(v1, never, never)
commentRoutes(v1)
albumRoutes(v1, never)
searchRoutes(v1, never)
const document = createOpenApiDocument(v1.list, {
  PUBLIC_URL: 'http://localhost',
  ACCESS_TOKEN_SECONDS: 300,
  SESSION_DAYS: 90,
  SESSION_MAX_DAYS: 365,
  MAX_UPLOAD_BYTES: 1_000,
  UPLOAD_EXPIRY_SECONDS: 900,
  MAX_PENDING_UPLOADS: 20,
  RATE_LIMITS: true,
  RATE_LIMIT_FACTOR: 1,
})
const operations = Object.entries(document.paths!).flatMap(([path, item]) =>
  Object.entries(item as Record<string, Operation>).map(([method, operation]) => ({
    name: `${method} ${path}`,
    operation,
  })),
)
const operationOf = (name: string) => operations.find((one) => one.name === name)!.operation
const bodyOf = (name: string) => operationOf(name).requestBody!.content['application/json'].schema
const parameterOf = (name: string, parameter: string) =>
  operationOf(name).parameters!.find((one) => one.name === parameter)!.schema

function schemasWithin(schema: Schema): Schema[] {
  const inner = [
    ...(schema.anyOf ?? []),
    ...Object.values(schema.properties ?? {}),
    schema.items ?? [],
  ].flat()
  return [schema, ...inner.flatMap(schemasWithin)]
}
const inputs = operations.flatMap(({ name, operation }) => [
  ...(operation.parameters ?? []).flatMap(({ name: parameter, schema }) =>
    schemasWithin(schema).map((one) => ({ where: `${name} ${parameter}`, schema: one })),
  ),
  ...(operation.requestBody
    ? schemasWithin(bodyOf(name)).map((one) => ({ where: `${name} body`, schema: one }))
    : []),
])

/** A string that a schema's length and pattern allow. */
const allowedBy = ({ pattern, minLength = 0, maxLength = 1_000_000 }: Schema) =>
  fc
    .stringMatching(new RegExp(pattern!, 'u'))
    .filter((given) => [...given].length >= minLength && [...given].length <= maxLength)

describe('the OpenAPI document', () => {
  it('gives patterns to strings alone, in a form that every generator reads', () => {
    const patterns = inputs.filter(({ schema }) => schema.pattern !== undefined)
    expect(patterns.length).toBeGreaterThan(20)
    for (const { where, schema } of patterns) {
      expect([schema.type].flat(), where).toContain('string')
      expect(schema.pattern, where).not.toMatch(/\\p/i)
      expect(() => new RegExp(schema.pattern!, 'u'), where).not.toThrow()
    }
  })

  it('bounds every free text, and tells that NUL is refused', () => {
    const free = inputs.filter(({ schema }) => [schema.type].flat().includes('string') && schema.maxLength)
    expect(free.length).toBeGreaterThan(8)
    for (const { where, schema } of free)
      expect(new RegExp(schema.pattern ?? '', 'u').test('a\0b'), where).toBe(false)
  })

  it('says that an edit changes something', () => {
    for (const name of ['patch /v1/me', 'patch /v1/photos/{photoId}']) {
      expect(bodyOf(name)).toMatchObject({ type: 'object', minProperties: 1, additionalProperties: false })
    }
  })

  it('says what an Idempotency-Key and ids look like', () => {
    expect(parameterOf('post /v1/photos', 'Idempotency-Key').pattern).toBe('^[ -~]{1,255}$')
    const ids = parameterOf('get /v1/photos', 'ids')
    expect(ids.type).toBe('string')
    fc.assert(
      fc.property(allowedBy(ids), (given) => {
        expect(GetPhotos.query.safeParse({ ids: given }).success).toBe(true)
      }),
      { numRuns: 20 },
    )
  })

  it('promises texts that are taken', () => {
    const texts = [
      {
        schema: bodyOf('patch /v1/me').properties!['displayName']!,
        body: UpdateMe.body,
        field: 'displayName',
      },
      { schema: bodyOf('patch /v1/me').properties!['bio']!, body: UpdateMe.body, field: 'bio' },
      {
        schema: bodyOf('patch /v1/photos/{photoId}').properties!['caption']!,
        body: UpdatePhoto.body,
        field: 'caption',
      },
    ]
    for (const { schema, body, field } of texts) {
      expect(schema.type).toEqual(['string', 'null'])
      fc.assert(
        fc.property(allowedBy(schema), (given) => {
          expect(body.safeParse({ [field]: given }).success).toBe(true)
        }),
      )
    }
  })

  it('promises texts that show something, and those are taken', () => {
    const text = bodyOf('post /v1/photos/{photoId}/comments').properties!['text']!
    expect(text).toMatchObject({ type: 'string', minLength: 1, maxLength: 2_200 })
    const title = bodyOf('post /v1/albums').properties!['title']!
    for (const { schema, body, field } of [
      { schema: text, body: CreateComment.body, field: 'text' },
      { schema: title, body: CreateAlbum.body, field: 'title' },
    ]) {
      for (const blank of ['', ' ', '\u0081', '\u2800\u{e0001}'])
        expect(new RegExp(schema.pattern!, 'u').test(blank), field).toBe(false)
      fc.assert(
        fc.property(allowedBy(schema), (given) => {
          expect(body.safeParse({ [field]: given }).success).toBe(true)
        }),
      )
    }
  })

  it('links what is created with what takes its id', () => {
    const created = operationOf('post /v1/photos').responses['201'] as { links: Record<string, unknown> }
    expect(created.links['getPhoto']).toEqual({
      operationId: 'getPhoto',
      parameters: { photoId: '$response.body#/photo/id' },
    })
    expect(Object.keys(created.links)).toEqual(expect.arrayContaining(['deletePhoto', 'listComments']))
    expect(Object.keys(created.links)).not.toContain('getComment')
  })

  it('has 431 everywhere, which Node answers before a route is known', () => {
    for (const { name, operation } of operations)
      expect(Object.keys(operation.responses), name).toContain('431')
  })
})
