import { firstLineOf } from './error-text.ts'

/** The part of an error that is logged. */
export interface LoggableError {
  name: string
  message: string
  code?: unknown
  /** Of Postgres: which rule was broken. */
  constraint?: unknown
  stack?: string
  cause?: LoggableError
  /** Of an AggregateError. */
  errors?: LoggableError[]
}

/** Causes below causes, and parts of an AggregateError, that are worth logging. */
const MAX_DEPTH = 5
const MAX_PARTS = 5

/**
 * The part of an error that is logged, never all of it. Postgres puts whole rows into `detail` and values into its messages, and
 * clients hang their requests, with headers and bodies, on the errors they throw.
 */
export function loggable(thrown: unknown, depth = 0): LoggableError {
  if (!(thrown instanceof Error)) return { name: 'not an Error', message: typeof thrown }
  const { cause, stack } = thrown
  return {
    name: thrown.name,
    message: withoutValues(thrown),
    ...('code' in thrown ? { code: thrown.code } : {}),
    ...('constraint' in thrown ? { constraint: thrown.constraint } : {}),
    ...(stack === undefined ? {} : { stack: framesOf(stack) }),
    ...(cause instanceof Error && depth < MAX_DEPTH ? { cause: loggable(cause, depth + 1) } : {}),
    ...(thrown instanceof AggregateError && depth < MAX_DEPTH
      ? { errors: thrown.errors.slice(0, MAX_PARTS).map((part) => loggable(part, depth + 1)) }
      : {}),
  }
}

/** SQLSTATE class 22 (data exceptions) quotes the value that it refuses, e.g. `invalid input syntax for type uuid: "…"`. */
const DATA_EXCEPTION = /^22\w{3}$/

function withoutValues(error: Error): string {
  const line = firstLineOf(error)
  const quotesValue = 'code' in error && typeof error.code === 'string' && DATA_EXCEPTION.test(error.code)
  return quotesValue ? line.replace(/".*"?/, '"…"') : line
}

/** Only the frames of a stack, since it starts with the whole message, which must not be logged in full. */
function framesOf(stack: string): string {
  return stack
    .split('\n')
    .filter((line) => /^ +at /.test(line))
    .join('\n')
}
