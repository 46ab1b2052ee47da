import type { UserId } from '../domain/ids.ts'

/**
 * Waits until the erasure of an account is to start, and then removes what every store has of it, bounded piece by piece; signing in
 * before ends it. What is so is in the row; signals are only hints.
 */
export const ACCOUNT_ERASURE = 'accountErasure'
export const accountErasureWorkflowId = (userId: UserId): string => `erasure/${userId}`

export interface AccountErasureInput {
  userId: UserId
}

/** Signal: it was asked for, or the account has come back. */
export const ERASURE_CHANGED = 'erasureChanged'
/** Query: where it is. */
export const ACCOUNT_ERASURE_PROGRESS = 'accountErasureProgress'

/** What the row of an account that is left asks for: `none` once it has come back, or is erased. */
export type ErasureState =
  { state: 'none' } | { state: 'waiting'; msLeft: number } | { state: 'begun'; erasureId: string }

export interface AccountErasureProgress {
  state: 'waiting' | 'running' | 'cancelled' | 'done'
  /** When it starts, while it waits. */
  startsAt?: string | undefined
  /** The step that is under way. */
  step?: string | undefined
  /** Times that everything was gone through, as the last look has found something left. */
  rounds: number
}
