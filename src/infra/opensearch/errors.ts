import { errors } from '@opensearch-project/opensearch'
import { DarkroomError } from '../../domain/errors.ts'

/** A restarted node answers again after some 10 s; clients and activities that come sooner only add load. */
const RETRY_AFTER_SECONDS = 5

/** Overloaded, or no shard could answer. */
const UNAVAILABLE_STATUSES = new Set([429, 502, 503, 504])

/** The error that says "search is down for now"; `cause` is for the log alone. */
export function searchUnavailable(cause: unknown): DarkroomError {
  return new DarkroomError('unavailable', 'Search is not available at the moment.', {
    retryAfterSeconds: RETRY_AFTER_SECONDS,
    cause,
  })
}

/**
 * Waits for a call to OpenSearch.
 * @throws DarkroomError `unavailable` when OpenSearch cannot be reached, is overloaded or lacks the index; any other
 *   error as it is, since it is a fault of ours.
 */
export async function reachable<T>(call: Promise<T>): Promise<T> {
  try {
    return await call
  } catch (error) {
    throw isOutage(error) ? searchUnavailable(error) : error
  }
}

function isOutage(error: unknown): boolean {
  if (error instanceof errors.ResponseError) {
    return UNAVAILABLE_STATUSES.has(error.statusCode) || errorType(error) === 'index_not_found_exception'
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
