import type { UserId } from '../../domain/ids.ts'

/** The step of accountStanding. */
export interface AccountStandingActivities {
  /**
   * Brings the account in line with its strikes and ends what has run out. Resolves with the milliseconds until something ends next;
   * null if nothing does.
   */
  reviewAccountStanding: (input: { userId: UserId }) => Promise<{ msLeft: number | null }>
}
