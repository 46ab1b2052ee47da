import { randomBytes, randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { v7 as uuidv7 } from 'uuid'
import { pino } from 'pino'
import { z } from 'zod'
import {
  createOpenApiDocument,
  openApiPath,
  type DocumentSettings,
} from '../../../src/api/openapi/document.ts'
import { RESPONSE_HEADERS, responseHeaders } from '../../../src/api/openapi/headers.ts'
import type { Operation } from '../../../src/api/operation.ts'
import type { RouteDefinition } from '../../../src/api/routing.ts'
import { startApi, type RunningApi } from '../../../src/api/server.ts'
import { loadConfig } from '../../../src/config/config.ts'
import type { PhotoId, UserId } from '../../../src/domain/ids.ts'
import type { PhotoStatus, Visibility } from '../../../src/domain/visibility.ts'
import type { Database } from '../../../src/infra/db/database.ts'

/* eslint-disable-next-line @typescript-eslint/no-explicit-any -- answers of many shapes, each asserted by its test */
export type Json = any

interface Answer {
  status: number
  headers: Headers
  /** Parsed if it is JSON, else the text. */
  body: Json
}

export interface RequestOptions {
  token?: string | undefined
  /** Sent as JSON. */
  body?: unknown
  /** Sent as it is. */
  raw?: string | Uint8Array
  headers?: Record<string, string>
}

export interface Person {
  id: UserId
  username: string
  password: string
  token: string
  refreshToken: string
}

interface SeededPhoto {
  ownerId: UserId
  visibility?: Visibility
  status?: PhotoStatus
  caption?: string
  /** ms since 1970 */
  publishedAt?: number
  latitude?: number
  camera?: string
}

/** The API in this process, on the file's database and the instance's other servers. No worker runs. */
export interface ApiWorld {
  api: RunningApi
  db: Database
  /** What the API has logged. */
  logLines: string[]
  /** Each answer is checked against what the OpenAPI document says of its route. */
  call(method: string, path: string, options?: RequestOptions): Promise<Answer>
  signUp(): Promise<Person>
  /** A photo as the workflows leave it. */
  seedPhoto(photo: SeededPhoto): Promise<PhotoId>
  /** Rows of every table, to show that nothing was stored. */
  rowCounts(): Promise<Record<string, number>>
  close(): Promise<void>
}

export async function openApiWorld(overrides: Record<string, string> = {}): Promise<ApiWorld> {
  const config = loadConfig({
    ...process.env,
    PORT: '0',
    RATE_LIMITS: 'false',
    // One that does not exist: what is owed to Temporal stays in the outbox, where tests can see it.
    TEMPORAL_NAMESPACE: `none-${randomUUID()}`,
    SHUTDOWN_GRACE_SECONDS: '5',
    ...overrides,
  })
  const logLines: string[] = []
  const logger = pino({ level: 'debug' }, { write: (text: string) => void logLines.push(text) })
  const api = await startApi(config, logger)
  const { db } = api.clients
  const expectDescribed = contractOf(api, config)

  const world: ApiWorld = {
    api,
    db,
    logLines,
    async call(method, path, { token, body, raw, headers = {} } = {}) {
      const response = await fetch(api.url + path, {
        method,
        redirect: 'manual',
        headers: {
          ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
          ...(body === undefined && raw === undefined ? {} : { 'Content-Type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined && raw === undefined
          ? {}
          : { body: (raw ?? JSON.stringify(body)) as NonNullable<RequestInit['body']> }),
      })
      const text = await response.text()
      const isJson = /json/.test(response.headers.get('Content-Type') ?? '')
      const answer = {
        status: response.status,
        headers: response.headers,
        body: isJson ? JSON.parse(text) : text,
      }
      expectDescribed(method, path, answer)
      return answer
    },
    async signUp() {
      const username = `u${randomBytes(6).toString('hex')}`
      const password = randomUUID()
      const { status, body } = await world.call('POST', '/v1/users', { body: { username, password } })
      if (status !== 201) throw new Error(`sign-up answered ${status}: ${JSON.stringify(body)}`)
      const { user, accessToken: token, refreshToken } = body
      return { id: user.id, username, password, token, refreshToken }
    },
    async seedPhoto({
      ownerId,
      visibility = 'public',
      status = 'ready',
      publishedAt = Date.now(),
      ...photo
    }) {
      const photoId = uuidv7()
      const published = status === 'ready' || status === 'quarantined' || status === 'deleted'
      await db.primary({
        text: `INSERT INTO photos (photo_id, owner_id, visibility, status, storage_key, content_type, bytes, caption,
                 latitude, longitude, camera, upload_expires_at, published_at, score, width, height)
               VALUES ($1, $2, $3, $4, $5, 'image/jpeg', 10, $6, $7, $7, $8, now() + interval '15 minutes',
                 to_timestamp($9::bigint / 1000.0), $9::bigint, 1000, 500)`,
        values: [
          photoId,
          ownerId,
          visibility,
          status,
          `originals/${photoId}`,
          photo.caption ?? null,
          photo.latitude ?? null,
          photo.camera ?? null,
          published ? publishedAt : null,
        ],
      })
      if (published) {
        await db.primary({
          text: `INSERT INTO photo_variants (photo_id, variant, format, object_key, width, height, bytes) VALUES
                 ($1, 'thumb_200', 'webp', $2, 200, 100, 1234), ($1, 'original', 'jpeg', $3, 1000, 500, 10)`,
          values: [photoId, `variants/${photoId}/1/thumb_200.webp`, `originals/${photoId}`],
        })
      }
      return photoId
    },
    async rowCounts() {
      const tables = await db.primary<{ name: string }>({
        text: `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`,
      })
      const counts: Record<string, number> = {}
      for (const { name } of tables) {
        const [row] = await db.primary<{ n: number }>({ text: `SELECT count(*)::int AS n FROM "${name}"` })
        counts[name] = row!.n
      }
      return counts
    },
    close: () => api.stop(),
  }
  return world
}

/** Statuses that any operation may answer, and so none describes. */
const UNDESCRIBED = new Set([404, 405, 503])

/** Fails for an answer that the route's description does not allow: a status, a field too many or too few. */
function contractOf({ routes }: RunningApi, settings: DocumentSettings) {
  const document = createOpenApiDocument(routes, settings)
  const patterns = routes.map((route) => ({
    route,
    pattern: new RegExp(`^${route.path.replace(/:\w+/g, '[^/]+')}$`),
    described: Object.keys(
      (document.paths?.[openApiPath(route.path)]?.[route.method]?.responses ?? {}) as Record<string, unknown>,
    ).map(Number),
  }))
  return (method: string, path: string, { status, headers, body }: Answer) => {
    const found = patterns.find(
      ({ route, pattern }) => route.method === method.toLowerCase() && pattern.test(path.split('?', 1)[0]!),
    )
    if (!found || UNDESCRIBED.has(status)) return
    if (!found.described.includes(status)) {
      throw new Error(`${method} ${found.route.path} answered ${status}, which its description does not have`)
    }
    const { operation } = found.route.description
    for (const name of operation ? namesOfRequiredHeaders(status, found.route, operation) : []) {
      if (!headers.has(name))
        throw new Error(`${method} ${found.route.path} answered ${status} without ${name}`)
    }
    const schema = operation?.responses[status]
    if (!(schema instanceof z.ZodType)) return
    const parsed = schema.parse(body)
    if (!isDeepStrictEqual(parsed, body)) {
      throw new Error(`${method} ${found.route.path} answered more than described: ${JSON.stringify(body)}`)
    }
  }
}

/** Of the headers that the description promises, those that no setting turns off. */
function namesOfRequiredHeaders(status: number, route: RouteDefinition, operation: Operation): string[] {
  const named = responseHeaders(status, route.method, operation, route.description)
  return Object.entries(RESPONSE_HEADERS)
    .filter(([name, header]) => name in named && 'required' in header)
    .map(([name]) => name)
}
