import type { UserId } from '../domain/ids.ts'

/** Sees an account through its suspensions and strikes: brings what strikes ask for, and ends what has run out. */
export const ACCOUNT_STANDING = 'accountStanding'
export const accountStandingWorkflowId = (userId: UserId): string => `standing/${userId}`

export interface AccountStandingInput {
  userId: UserId
}

/** Signal: a suspension or strike was decided or taken back; Postgres says what is so now. */
export const STANDING_CHANGED = 'standingChanged'
/** Query: when something ends next. */
export const ACCOUNT_STANDING_PROGRESS = 'accountStandingProgress'

export interface AccountStandingProgress {
  state: 'waiting' | 'done'
  /** When the next suspension, limit or strike ends; undefined if none does. */
  nextAt?: string | undefined
}
