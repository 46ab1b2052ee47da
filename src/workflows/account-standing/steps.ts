import { proxyActivities } from '@temporalio/workflow'
import { durableStep } from '../../contracts/activity-options.ts'
import type { AccountStandingActivities } from '../../contracts/activities/moderation.ts'

const durable = (summary: string) => proxyActivities<AccountStandingActivities>({ ...durableStep, summary })

/** The step of accountStanding, with the policy that protects it and the line that an operator reads. */
export const steps = {
  review: durable('Bring the account in line with its suspensions and strikes').reviewAccountStanding,
}
