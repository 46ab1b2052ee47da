import { DarkroomError } from '../../domain/errors.ts'

const RETRY_AFTER_SECONDS = 2

/** Passes on what Redis answers. @throws DarkroomError unavailable if it does not */
export async function unlessUnavailable<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (cause) {
    throw new DarkroomError('unavailable', 'Live events are unavailable; try again.', {
      retryAfterSeconds: RETRY_AFTER_SECONDS,
      cause,
    })
  }
}
