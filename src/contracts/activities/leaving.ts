import type { ErasureState } from '../account-erasure.ts'
import type { UserId } from '../../domain/ids.ts'

/** The steps of accountErasure. Each may run twice. */
export interface LeavingActivities {
  /** Starts the erasure if it is time, with the names of its steps in their order. */
  beginErasure: (input: { userId: UserId }) => Promise<ErasureState & { steps?: string[] }>
  /** Does the next piece of a step, some seconds' worth. `waiting`: for what others have under way. */
  eraseStep: (input: {
    userId: UserId
    erasureId: string
    step: string
  }) => Promise<{ state: 'more' | 'waiting' | 'done' }>
  /** Looks at everything again. Resolves with what is left, by name. */
  verifyErasure: (input: { userId: UserId; erasureId: string }) => Promise<{ left: string[] }>
  /** Empties the account's own row and completes the receipt. */
  completeErasure: (input: { userId: UserId; erasureId: string }) => Promise<void>
}
