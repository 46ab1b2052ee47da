import { MAX_CHARACTERS } from '../domain/limits.ts'

/** An error's message; of an AggregateError, those of its parts; of anything else, its text. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) {
    return error.errors.map(messageOf).join('; ')
  }
  return error instanceof Error && error.message ? error.message : String(error)
}

/** The first line of an error's message, cut off at MAX_CHARACTERS.lastError. */
export function firstLineOf(error: Error): string {
  return error.message.split('\n', 1)[0]!.slice(0, MAX_CHARACTERS.lastError)
}

/** One line about an error: its name, gRPC status and the first line of its message. */
export function shortError(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error'
  const status = grpcCode(error)
  return `${error.name}${status === undefined ? '' : ` (gRPC ${status})`}: ${firstLineOf(error)}`.slice(
    0,
    MAX_CHARACTERS.lastError,
  )
}

/** The gRPC status of an error or of its cause. */
export function grpcCode(error: unknown): number | undefined {
  for (let current = error; current instanceof Error; current = current.cause) {
    if ('code' in current && typeof current.code === 'number') return current.code
  }
  return undefined
}
