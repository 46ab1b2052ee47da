/** Every error code of the API; docs and clients rely on the codes, never on the text. */
export const ERROR_CODES = [
  'invalid',
  'malformed',
  'bad_cursor',
  'cursor_expired',
  'unauthenticated',
  'token_expired',
  'bad_credentials',
  'two_factor_required',
  'sign_up_required',
  'provider_refused',
  'presence_required',
  'forbidden',
  'not_found',
  'method_not_allowed',
  'username_taken',
  'identity_taken',
  'last_way_in',
  'not_uploaded',
  'upload_closed',
  'original_cold',
  'precondition_failed',
  'too_large',
  'unsupported_type',
  'headers_too_large',
  'request_timeout',
  'quota_exceeded',
  'account_private',
  'account_suspended',
  'erasing',
  'link_password_required',
  'link_expired',
  'link_exhausted',
  'export_running',
  'case_closed',
  'case_claimed',
  'own_case',
  'blocked_address',
  'idempotency_mismatch',
  'idempotency_in_progress',
  'rate_limited',
  'unavailable',
  'internal',
] as const

export type ErrorCode = (typeof ERROR_CODES)[number]

/** One failing field: `path` as in the request (`body.caption`, `query.limit`). */
export interface FieldError {
  path: string
  message: string
}

/**
 * An error that a caller caused or can act on. `message` is English for developers and never holds internals.
 * HTTP statuses are given once in `api/errors.ts`; Temporal failures once in `activities/failures.ts`.
 */
export class DarkroomError extends Error {
  override readonly name = 'DarkroomError'
  readonly code: ErrorCode
  readonly fields: readonly FieldError[]
  /** For `rate_limited` and `unavailable`: how long to wait before trying again. */
  readonly retryAfterSeconds: number | undefined
  /** What programs need beside the code, as members of the problem (RFC 9457, 3.2). */
  readonly members: Readonly<Record<string, unknown>>

  constructor(
    code: ErrorCode,
    message: string,
    options: {
      fields?: readonly FieldError[]
      retryAfterSeconds?: number
      members?: Readonly<Record<string, unknown>>
      cause?: unknown
    } = {},
  ) {
    super(message, { cause: options.cause })
    this.code = code
    this.fields = options.fields ?? []
    this.retryAfterSeconds = options.retryAfterSeconds
    this.members = options.members ?? {}
  }
}

/** The error for both an absent resource and one hidden from the viewer. */
export function notFound(what: string): DarkroomError {
  return new DarkroomError('not_found', `No such ${what}.`)
}

/** The error for a single well-formed but invalid field. */
export function invalidField(path: string, message: string): DarkroomError {
  return new DarkroomError('invalid', message, { fields: [{ path, message }] })
}

/** The error for what acts in the name of an account that is away. */
export function signInToReturn(): DarkroomError {
  return new DarkroomError('unauthenticated', 'The account is deactivated; sign in to bring it back.')
}
