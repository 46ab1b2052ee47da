import type { AccountStandingActivities } from '../contracts/activities/moderation.ts'
import type { AccountStandings } from '../services/moderation/account-standings.ts'
import { asActivities } from './failures.ts'

/** The step of accountStanding. */
export function createAccountStandingActivities({
  accountStandings,
}: {
  accountStandings: AccountStandings
}): AccountStandingActivities {
  return asActivities<AccountStandingActivities>({
    reviewAccountStanding: async ({ userId }) => ({ msLeft: await accountStandings.review(userId) }),
  })
}
