import { DarkroomError } from '../../src/domain/errors.ts'

/**
 * Waits for a change of a photo that something else may delete first, or of an account that may block the other: then there
 * is nothing left to change. No other failure is tolerated.
 * @returns whether it was there
 */
export async function unlessGone(change: Promise<unknown>): Promise<boolean> {
  try {
    await change
    return true
  } catch (error) {
    if (!(error instanceof DarkroomError && error.code === 'not_found')) throw error
    return false
  }
}
