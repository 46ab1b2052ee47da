import { errors } from '@opensearch-project/opensearch'
import { DarkroomError } from '../../domain/errors.ts'

/** A restarted node answers again after some 10 s; clients and activities that come sooner only add load. */
const RETRY_AFTER_SECONDS = 5

/** Overloaded, or no shard could answer. */
const UNAVAILABLE_STATUSES = new Set([429, 502, 503, 504])
export const isOutageStatus = (status: number): boolean => UNAVAILABLE_STATUSES.has(status)

/** The error that says "search is down for now"; `cause` is only for the log. */
export function searchUnavailable(cause: Error): DarkroomError {
  return new DarkroomError('unavailable', 'Search is not available at the moment.', {
    retryAfterSeconds: RETRY_AFTER_SECONDS,
    cause,
  })
}

/**
 * What a failed call to OpenSearch means to the caller: DarkroomError `unavailable` when it cannot be reached, is
 * overloaded or lacks the index; OpenSearchError for any other answer, a fault of ours.
 */
function toSearchError(error: unknown): Error {
  const fault = new OpenSearchError(error)
  return isOutage(error) ? searchUnavailable(fault) : fault
}

/** Waits for a call to OpenSearch and converts its errors with toSearchError. */
export async function reachable<T>(call: Promise<T>): Promise<T> {
  try {
    return await call
  } catch (error) {
    throw toSearchError(error)
  }
}

/**
 * What went wrong, by OpenSearch's name for it. The client's own errors carry the request and quote from documents, so
 * that logging one would write captions and queries into the log.
 */
class OpenSearchError extends Error {
  override readonly name = 'OpenSearchError'

  constructor(error: unknown) {
    const what =
      error instanceof errors.ResponseError
        ? `${error.statusCode} ${errorType(error) ?? ''}`
        : error instanceof errors.OpenSearchClientError
          ? `${error.name} ${error.message}`
          : String(error)
    super(`OpenSearch: ${what}`)
  }
}

function isOutage(error: unknown): boolean {
  if (error instanceof errors.ResponseError) {
    return isOutageStatus(error.statusCode) || errorType(error) === 'index_not_found_exception'
  }
  return (
    error instanceof errors.ConnectionError ||
    error instanceof errors.TimeoutError ||
    error instanceof errors.NoLivingConnectionsError
  )
}

/** OpenSearch's name for what went wrong, such as `version_conflict_engine_exception`. */
export function errorType(error: unknown): string | undefined {
  if (!(error instanceof errors.ResponseError)) return undefined
  const body = error.body as { error?: { type?: string } } | undefined
  return body?.error?.type
}
