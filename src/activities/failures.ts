import { ApplicationFailure, CancelledFailure, Context } from '@temporalio/activity'
import { TemporalFailure } from '@temporalio/common'
import { PERMANENT_FAILURES } from '../contracts/activity-options.ts'
import { DarkroomError, type ErrorCode } from '../domain/errors.ts'
import { InvalidImageError } from '../domain/invalid-image.ts'
import { whileHeartbeating } from './heartbeat.ts'

/** Codes of errors that may pass by themselves; all others are mistakes of the caller, which a retry would repeat. */
const PASSING: ReadonlySet<ErrorCode> = new Set([
  'unavailable',
  'internal',
  'rate_limited',
  'idempotency_in_progress',
])
const MAX_MESSAGE_CHARACTERS = 300

/**
 * The failure that an error becomes in a workflow's history; its type decides whether it is retried. Causes and details
 * of foreign errors are dropped, because those of databases and HTTP clients can hold values and addresses.
 */
export function toFailure(error: unknown): Error {
  if (error instanceof TemporalFailure) return error
  if (error instanceof InvalidImageError) {
    return ApplicationFailure.create({
      message: error.message,
      type: PERMANENT_FAILURES.invalidImage,
      nonRetryable: true,
      details: [{ code: error.code, detail: error.detail }],
    })
  }
  if (error instanceof DarkroomError) {
    const retryable = PASSING.has(error.code)
    return ApplicationFailure.create({
      message: `${error.code}: ${error.message}`,
      type: retryable ? error.code : PERMANENT_FAILURES.badRequest,
      nonRetryable: !retryable,
    })
  }
  if (!(error instanceof Error)) return ApplicationFailure.create({ message: 'not an Error was thrown' })
  return ApplicationFailure.create({
    message: error.message.split('\n')[0]!.slice(0, MAX_MESSAGE_CHARACTERS),
    type: error.name,
  })
}

type AnyActivity = (...args: never[]) => Promise<unknown>

/** Wraps each activity of a group so that its errors go through {@link toFailure}, except for cancellations. */
export function asActivities<Group extends object>(group: Group): Group {
  const wrapped = (Object.entries(group) as [string, AnyActivity][]).map(([name, activity]) => [
    name,
    async (...args: never[]) => {
      try {
        return await whileHeartbeating(() => activity(...args))
      } catch (error) {
        // A cancellation surfaces as an error of the stream or request that it aborted.
        if (Context.current().cancellationSignal.aborted && !(error instanceof TemporalFailure)) {
          throw new CancelledFailure('cancelled while under way')
        }
        throw toFailure(error)
      }
    },
  ])
  return Object.fromEntries(wrapped) as Group
}
