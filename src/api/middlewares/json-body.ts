import getRawBody from 'raw-body'
import { DarkroomError } from '../../domain/errors.ts'
import type { ApiContext } from '../context.ts'

/** Enough for most bodies of the API; an operation that needs more says so. */
export const DEFAULT_BODY_LIMIT_BYTES = 64 * 1024
/** The API has no deeper body; the storage's events are the deepest. */
const MAX_DEPTH = 16

/**
 * The request's JSON body, read at most to `limitBytes`.
 * @throws DarkroomError unsupported_type, too_large, malformed (not UTF-8, not JSON, absent), invalid (NUL or half a
 * surrogate pair in a string, which Postgres and other programs could not take; a `__proto__` key; too deep)
 */
export async function readJsonBody(ctx: ApiContext, limitBytes: number): Promise<unknown> {
  if (!ctx.request.is('json', '+json') && hasBody(ctx)) {
    throw new DarkroomError('unsupported_type', 'Send the body as application/json.')
  }
  const encoding = ctx.get('Content-Encoding')
  if (encoding !== '' && encoding.toLowerCase() !== 'identity') {
    throw new DarkroomError('unsupported_type', 'Send the body without Content-Encoding.')
  }
  const bytes = await getRawBody(ctx.req, {
    length: ctx.req.headers['content-length'] ?? null,
    limit: limitBytes,
  })
  const body = parse(decode(bytes))
  refuseUnsafe(body, 'body', 0)
  return body
}

/** Whether the request announces a body. */
export function hasBody(ctx: ApiContext): boolean {
  return (
    ctx.req.headers['transfer-encoding'] !== undefined || Number(ctx.req.headers['content-length'] ?? 0) > 0
  )
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new DarkroomError('malformed', 'The body is not UTF-8.', { cause })
  }
}

function parse(text: string): unknown {
  if (text.trim() === '') throw new DarkroomError('malformed', 'A JSON body is expected.')
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new DarkroomError('malformed', 'The body is not JSON.', { cause })
  }
}

function refuseUnsafe(value: unknown, path: string, depth: number): void {
  if (typeof value === 'string') refuseUnsafeText(value, path)
  if (typeof value !== 'object' || value === null) return
  if (depth >= MAX_DEPTH) throw refusal(path, `Nested deeper than ${MAX_DEPTH} levels.`)
  if (Array.isArray(value)) {
    value.forEach((item, index) => refuseUnsafe(item, `${path}.${index}`, depth + 1))
    return
  }
  for (const [key, item] of Object.entries(value)) {
    refuseUnsafeText(key, path)
    if (key === '__proto__') throw refusal(path, 'This key is not allowed.')
    refuseUnsafe(item, `${path}.${key}`, depth + 1)
  }
}

function refuseUnsafeText(text: string, path: string): void {
  if (text.includes('\0')) throw refusal(path, 'Contains the NUL character.')
  if (!text.isWellFormed()) throw refusal(path, 'Contains half of a surrogate pair.')
}

function refusal(path: string, message: string): DarkroomError {
  return new DarkroomError('invalid', 'The body holds something that cannot be stored.', {
    fields: [{ path, message }],
  })
}
