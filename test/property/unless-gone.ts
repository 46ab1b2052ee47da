import { DarkroomError } from '../../src/domain/errors.ts'

/**
 * Waits for a change of a photo that something else may delete first: then there is nothing left to change, and no other
 * failure is tolerated.
 */
export async function unlessDeleted(change: Promise<void>): Promise<void> {
  try {
    await change
  } catch (error) {
    if (!(error instanceof DarkroomError && error.code === 'not_found')) throw error
  }
}
