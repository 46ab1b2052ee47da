import { proxyActivities } from '@temporalio/workflow'
import { durableStep } from '../../contracts/activity-options.ts'
import type { ModerationCaseActivities } from '../../contracts/activities/moderation-cases.ts'

const durable = (summary: string) => proxyActivities<ModerationCaseActivities>({ ...durableStep, summary })

/** The steps of moderationCase, each with the policy that protects it and the line that an operator reads. */
export const steps = {
  review: durable('Read the case, do what is due, tell people').reviewCase,
  prove: durable('Wait until every edge refuses what was withdrawn').proveWithdrawals,
}
