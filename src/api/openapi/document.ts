import { createDocument, type ZodOpenApiOperationObject } from 'zod-openapi'
import { z } from 'zod'
import { policyPoints, RATE_POLICIES } from '../../services/requests/rate-limits.ts'
import type { StepDescription } from '../context.ts'
import { IDEMPOTENCY_KEY } from '../middlewares/idempotent.ts'
import { isOptional, type Operation } from '../operation.ts'
import { scopeOf, type RouteDefinition } from '../routing.ts'
import { VERSION } from '../version.ts'
import { guide, windowOf, type GuideSettings } from './guide.ts'
import { isConditional, RESPONSE_HEADERS } from './headers.ts'
import { responsesOf } from './responses.ts'

export type DocumentSettings = GuideSettings & { PUBLIC_URL: string }

/** What each part of the API covers, in display order. */
const TAGS: Readonly<Record<string, string>> = {
  users: 'Sign-up, profiles, follows, blocks and mutes.',
  sessions: 'Signing in and out, on each device.',
  me: 'Your own account, who may follow it, and what it is told of.',
  photos: 'Upload, read, edit, delete, like and comment on photos.',
  comments: 'Read, edit and delete single comments.',
  albums: 'Photos in order, shared with members and by links.',
  share: 'For whoever has a share link, without an account.',
  feed: 'Photos from the accounts you follow, and your own.',
  search: 'Find photos by words, tags, people and dates.',
  tags: 'Photos with a hashtag.',
  events: 'What happens to your account, live.',
  'storage-events': 'For the object storage, not for clients.',
  service: 'For operators, and this document.',
}

/** The OpenAPI 3.1 document of the routes, built from the same schemas that validate requests. */
export function createOpenApiDocument(routes: readonly RouteDefinition[], settings: DocumentSettings) {
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {}
  const operations = routes.flatMap(({ description }) => description.operation ?? [])
  for (const route of routes) {
    const { operation } = route.description
    if (!operation) continue
    const path = openApiPath(route.path)
    paths[path] ??= {}
    paths[path][route.method] = describe(route, operation, operations, settings)
  }
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Darkroom',
      version: VERSION,
      description: guide(settings),
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: settings.PUBLIC_URL }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      headers: RESPONSE_HEADERS,
      securitySchemes: {
        accessToken: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: 'The `accessToken` of sign-up, sign-in or refresh.',
        },
        personalToken: {
          type: 'http',
          scheme: 'bearer',
          description: 'A personal access token (`POST /v1/me/tokens`) of one of the scopes named.',
        },
        metricsToken: { type: 'http', scheme: 'bearer', description: 'METRICS_TOKEN, for operators.' },
        storageEventsToken: {
          type: 'http',
          scheme: 'bearer',
          description: 'STORAGE_EVENTS_TOKEN, for the object storage.',
        },
      },
    },
  })
}

/** `/photos/:photoId` as OpenAPI writes it. */
export function openApiPath(path: string): string {
  return path.replace(/:(\w+)/g, '{$1}')
}

function describe(
  route: RouteDefinition,
  operation: Operation,
  operations: readonly Operation[],
  settings: DocumentSettings,
): ZodOpenApiOperationObject {
  const { description, method } = route
  const text = [operation.description, limitOf(description, settings)].filter(Boolean).join('\n\n')
  const example = operation.examples?.body
  return {
    operationId: operation.id,
    summary: operation.summary,
    ...(text ? { description: text } : {}),
    tags: [tagOf(route.path)],
    security: securityOf(route),
    requestParams: {
      ...(operation.params ? { path: operation.params } : {}),
      ...(operation.query ? { query: operation.query } : {}),
      header: requestHeaders(route, operation),
    },
    ...(operation.body
      ? {
          requestBody: {
            required: !isOptional(operation.body),
            content: {
              'application/json': {
                schema: operation.body,
                ...(example === undefined ? {} : { example }),
              },
            },
          },
        }
      : {}),
    responses: responsesOf(method, operation, operations, description),
  }
}

function limitOf({ limits }: StepDescription, { RATE_LIMITS, RATE_LIMIT_FACTOR }: DocumentSettings) {
  if (!limits || !RATE_LIMITS) return undefined
  const { seconds, counts } = RATE_POLICIES[limits]
  const points = policyPoints(limits, RATE_LIMIT_FACTOR)
  return `Rate limit \`${limits}\`: ${points} requests in ${windowOf(seconds)}, counted by ${counts}.`
}

function requestHeaders({ method, description }: RouteDefinition, operation: Operation) {
  const header = (text: string, example: string) => z.string().optional().meta({ description: text, example })
  return z.object({
    ...operation.headers?.shape,
    ...(description.idempotent
      ? {
          'Idempotency-Key': z.string().regex(IDEMPOTENCY_KEY).optional().meta({
            description:
              'A random key for one intent: repeating the request with the same key returns the first answer.',
            example: 'b1a9a2f6-6d0c-4f44-9d0f-0a4c4c4a8f10',
          }),
        }
      : {}),
    ...(method === 'patch'
      ? {
          'If-Match': header(
            'The ETag that you read: the edit applies only if nothing has changed since.',
            'W/"3.q83vEiM0VniavN4h1Y5GHA"',
          ),
        }
      : {}),
    ...(isConditional(method, operation)
      ? {
          'If-None-Match': header(
            'The ETag of the answer that you already have.',
            'W/"3.q83vEiM0VniavN4h1Y5GHA"',
          ),
        }
      : {}),
  })
}

function securityOf(route: RouteDefinition): Record<string, string[]>[] {
  const scope = scopeOf(route)
  const personal =
    scope === undefined || scope === 'none' ? [] : scope.map((one) => ({ personalToken: [one] }))
  switch (route.description.security) {
    case 'required':
      return [{ accessToken: [] }, ...personal]
    case 'optional':
      return [{ accessToken: [] }, ...personal, {}]
    case 'operator':
      return [{ metricsToken: [] }, {}]
    case 'storageEvents':
      return [{ storageEventsToken: [] }]
    default:
      return [{}]
  }
}

/** The first path segment after the version; paths outside the API belong to the service itself. */
function tagOf(path: string): string {
  const [, second] = path.split('/').filter(Boolean)
  return second !== undefined && second in TAGS ? second : 'service'
}
