import { createDocument, type ZodOpenApiOperationObject } from 'zod-openapi'
import { z } from 'zod'
import { ERROR_CODES, type ErrorCode } from '../domain/errors.ts'
import type { StepDescription } from './context.ts'
import { STATUS_BY_CODE } from './errors.ts'
import type { Operation } from './operation.ts'
import type { RouteDefinition } from './routing.ts'

const ProblemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    code: z.enum(ERROR_CODES),
    detail: z.string().meta({ description: 'English, for developers; programs go by `code`.' }),
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
    requestId: z.string(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457' })

/** The OpenAPI 3.1 document of the routes, made from the very schemas that validate requests. */
export function createOpenApiDocument(routes: readonly RouteDefinition[], publicUrl: string) {
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {}
  for (const route of routes) {
    const { operation } = route.description
    if (!operation) continue
    const path = openApiPath(route.path)
    paths[path] ??= {}
    paths[path][route.method] = describe(route, operation)
  }
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Darkroom',
      version: '1.0.0',
      description: 'Photo sharing: uploads, feeds and search, with access control enforced at once.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: publicUrl }],
    paths: paths,
    components: {
      securitySchemes: {
        accessToken: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
        metricsToken: { type: 'http', scheme: 'bearer' },
        storageEventsToken: { type: 'http', scheme: 'bearer' },
      },
    },
  })
}

/** `/photos/:photoId` as OpenAPI writes it. */
export function openApiPath(path: string): string {
  return path.replace(/:(\w+)/g, '{$1}')
}

function describe(route: RouteDefinition, operation: Operation): ZodOpenApiOperationObject {
  const { description } = route
  const header = headersOf(route)
  return {
    operationId: operation.id,
    summary: operation.summary,
    ...(operation.description ? { description: operation.description } : {}),
    tags: [tagOf(route.path)],
    security: securityOf(description),
    requestParams: {
      ...(operation.params ? { path: operation.params } : {}),
      ...(operation.query ? { query: operation.query } : {}),
      ...(header ? { header } : {}),
    },
    ...(operation.body
      ? { requestBody: { required: true, content: { 'application/json': { schema: operation.body } } } }
      : {}),
    responses: responsesOf(operation, description),
  }
}

function headersOf({ method, description }: RouteDefinition) {
  if (description.idempotent) {
    return z.object({ 'Idempotency-Key': z.string().max(255).optional() })
  }
  return method === 'patch' ? z.object({ 'If-Match': z.string().optional() }) : undefined
}

function securityOf({ security }: StepDescription): Record<string, string[]>[] {
  switch (security) {
    case 'required':
      return [{ accessToken: [] }]
    case 'optional':
      return [{ accessToken: [] }, {}]
    case 'operator':
      return [{ metricsToken: [] }, {}]
    case 'storageEvents':
      return [{ storageEventsToken: [] }]
    default:
      return [{}]
  }
}

function responsesOf(
  operation: Operation,
  description: StepDescription,
): ZodOpenApiOperationObject['responses'] {
  const responses: Record<string, object> = {}
  for (const [status, body] of Object.entries(operation.responses)) {
    if (body === null) responses[status] = { description: 'Done' }
    else if (body instanceof z.ZodType) {
      responses[status] = { description: 'OK', content: { 'application/json': { schema: body } } }
    } else responses[status] = { description: body.description, content: { [body.contentType]: {} } }
  }
  const codesByStatus = Map.groupBy(codesOf(operation, description), (code) => STATUS_BY_CODE[code])
  for (const [status, codes] of codesByStatus) {
    responses[status] ??= {
      description: codes.join(', '),
      content: { 'application/problem+json': { schema: ProblemSchema } },
    }
  }
  return responses as ZodOpenApiOperationObject['responses']
}

/** The operation's own codes and those that its chain adds. */
function codesOf(operation: Operation, { security, limits, idempotent }: StepDescription): Set<ErrorCode> {
  // An unknown parameter in the query is refused everywhere.
  const codes = new Set<ErrorCode>(['invalid', ...(operation.errors ?? [])])
  if (operation.params) codes.add('not_found')
  if (operation.body)
    for (const code of ['malformed', 'too_large', 'unsupported_type'] as const) codes.add(code)
  if (security) codes.add('unauthenticated')
  if (security === 'required' || security === 'optional') codes.add('token_expired')
  if (limits) codes.add('rate_limited')
  if (idempotent) codes.add('idempotency_mismatch').add('idempotency_in_progress')
  if (limits) codes.add('unavailable')
  return codes
}

function tagOf(path: string): string {
  const [first, second] = path.split('/').filter(Boolean)
  return (first === 'v1' ? second : first) ?? 'service'
}
