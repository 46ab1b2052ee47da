import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
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
import type { PhotoStatus } from '../../../src/domain/visibility.ts'
import type { Database } from '../../../src/infra/db/database.ts'
import { createAccessTokens } from '../../../src/services/accounts/access-tokens.ts'
import { openLists } from '../../../src/services/lists/module.ts'
import { buildUser } from '../factories/accounts.ts'
import { buildPhoto, type BuildPhotoOptions } from '../factories/photos.ts'
import { settle } from '../replica.ts'

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

interface SeededPhoto extends BuildPhotoOptions {
  ownerId: UserId
}

/** The API in this process, on the file's database and the instance's other servers. No worker runs. */
export interface ApiWorld {
  api: RunningApi
  db: Database
  /** What the API has logged. */
  logLines: string[]
  /** Each answer is checked against what the OpenAPI document says of its route. */
  call(method: string, path: string, options?: RequestOptions): Promise<Answer>
  /** A signed-in account, without a request: the tests of sign-ups and sign-ins send theirs themselves. */
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
    WEBHOOK_KEY: 'w'.repeat(40),
    WEB_PUSH_KEY: 'b'.repeat(64),
    ...overrides,
  })
  const logLines: string[] = []
  const logger = pino({ level: 'debug' }, { write: (text: string) => void logLines.push(text) })
  const api = await startApi(config, logger)
  const { db } = api.clients
  const accessTokens = createAccessTokens({
    keys: config.jwtKeys,
    lifetimeSeconds: config.ACCESS_TOKEN_SECONDS,
  })
  const { ownWrites } = openLists(api.clients)
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
      const { userId, username, password, sessionId, refreshToken } = await buildUser(db)
      const { accessToken: token } = await accessTokens.issue({ userId, sessionId })
      await ownWrites.mark(userId)
      return { id: userId, username, password, token, refreshToken }
    },
    async seedPhoto({ ownerId, ...photo }) {
      const { photoId } = await buildPhoto(db, ownerId, { ...photo, hasVariants: !isUpload(photo.status) })
      // Someone who has not just written reads there.
      if (db.rotation.inRotation()) await settle(db)
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

const isUpload = (status: PhotoStatus = 'ready') =>
  status === 'awaiting_upload' || status === 'processing' || status === 'failed'

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
