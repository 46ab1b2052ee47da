import { STATUS_CODES } from 'node:http'
import { DarkroomError, type ErrorCode, type FieldError } from '../domain/errors.ts'

/** The one mapping of error codes to HTTP statuses. */
export const STATUS_BY_CODE: Readonly<Record<ErrorCode, number>> = {
  invalid: 422,
  malformed: 400,
  bad_cursor: 400,
  cursor_expired: 410,
  unauthenticated: 401,
  token_expired: 401,
  bad_credentials: 401,
  two_factor_required: 401,
  sign_up_required: 401,
  provider_refused: 401,
  presence_required: 403,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  username_taken: 409,
  identity_taken: 409,
  last_way_in: 409,
  not_uploaded: 409,
  upload_closed: 409,
  original_cold: 409,
  precondition_failed: 412,
  too_large: 413,
  unsupported_type: 415,
  headers_too_large: 431,
  request_timeout: 408,
  quota_exceeded: 403,
  account_private: 403,
  account_suspended: 403,
  erasing: 409,
  link_password_required: 401,
  link_expired: 410,
  link_exhausted: 410,
  export_running: 409,
  case_closed: 409,
  case_claimed: 409,
  own_case: 403,
  blocked_address: 422,
  idempotency_mismatch: 422,
  idempotency_in_progress: 409,
  rate_limited: 429,
  unavailable: 503,
  internal: 500,
}

/** An RFC 9457 problem document, the form of every error answer. */
export interface Problem {
  type: string
  title: string
  status: number
  code: ErrorCode
  detail: string
  errors?: readonly FieldError[]
  requestId: string
}

/** The problem document of an error, and the headers that go with it. */
export function problemOf(error: DarkroomError, requestId: string): { problem: Problem; headers: Headers } {
  const status = STATUS_BY_CODE[error.code]
  const problem: Problem = {
    type: `urn:darkroom:problem:${error.code}`,
    title: STATUS_CODES[status] ?? 'Error',
    status,
    code: error.code,
    detail: error.message,
    ...(error.fields.length > 0 ? { errors: error.fields } : {}),
    ...error.members,
    requestId,
  }
  const headers = new Headers()
  if (status === 401) headers.set('WWW-Authenticate', challengeOf(error.code))
  const retryAfterSeconds = error.retryAfterSeconds ?? (status === 429 || status === 503 ? 1 : undefined)
  if (retryAfterSeconds !== undefined) headers.set('Retry-After', String(retryAfterSeconds))
  return { problem, headers }
}

function challengeOf(code: ErrorCode): string {
  return code === 'token_expired'
    ? 'Bearer realm="darkroom", error="invalid_token"'
    : 'Bearer realm="darkroom"'
}

/**
 * What a thrown value means to a client. Typed errors pass, outages of dependencies become 503, and
 * everything else is a fault of ours, a 500 without particulars.
 */
export function toDarkroomError(thrown: unknown): DarkroomError {
  if (thrown instanceof DarkroomError) return thrown
  const refused = ofHttpError(thrown)
  if (refused) return refused
  if (isOutage(thrown)) {
    return new DarkroomError('unavailable', 'A part of the service is unavailable; try again.', {
      retryAfterSeconds: 1,
      cause: thrown,
    })
  }
  return new DarkroomError('internal', 'Something went wrong on our side.', { cause: thrown })
}

/** Errors of Koa, the router and raw-body carry a 4xx status; their texts are not ours and are not sent. */
function ofHttpError(thrown: unknown): DarkroomError | undefined {
  if (!(thrown instanceof Error) || !('status' in thrown)) return undefined
  switch (thrown.status) {
    case 400:
      return new DarkroomError('malformed', 'The request could not be read.', { cause: thrown })
    case 404:
      return new DarkroomError('not_found', 'No such resource.', { cause: thrown })
    case 413:
      return new DarkroomError('too_large', 'The request body is too large.', { cause: thrown })
    case 415:
      return new DarkroomError('unsupported_type', 'The encoding of the body is not supported.', {
        cause: thrown,
      })
    default:
      return undefined
  }
}

/** Network errors, the storage's 5xx (`$fault`), Postgres shutting down or out of connections, a statement or lock given up (also as a `cause`). */
const OUTAGE_CODES =
  /^(E(CONN\w+|TIMEDOUT|PIPE|NOTFOUND|HOSTUNREACH|NETUNREACH|AI_AGAIN)|08\w{3}|57P0\d|57014|53\d{3}|40001|40P01|55P03)$/
const OUTAGE_NAMES = new Set([
  'TimeoutError',
  'ConnectionError',
  'NoLivingConnectionsError',
  'MaxRetriesPerRequestError',
  'ClusterAllFailedError',
])
/** node-postgres gives neither code nor name to this one. */
const POOL_TIMEOUT = /timeout exceeded when trying to connect|Connection terminated/

function isOutage(thrown: unknown, depth = 0): boolean {
  if (!(thrown instanceof Error) || depth > 5) return false
  if ('code' in thrown && OUTAGE_CODES.test(String(thrown.code))) return true
  if ('$fault' in thrown && thrown.$fault === 'server') return true
  if (OUTAGE_NAMES.has(thrown.name) || POOL_TIMEOUT.test(thrown.message)) return true
  if (thrown instanceof AggregateError) return thrown.errors.some((one) => isOutage(one, depth + 1))
  return isOutage(thrown.cause, depth + 1)
}
