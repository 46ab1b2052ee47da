import { proxyActivities } from '@temporalio/workflow'
import { durableStep } from '../../contracts/activity-options.ts'
import type { LeavingActivities } from '../../contracts/activities/leaving.ts'

const durable = (summary: string) => proxyActivities<LeavingActivities>({ ...durableStep, summary })

/** The steps of accountErasure, each with the policy that protects it and the line that an operator reads. */
export const steps = {
  begin: durable('Start the erasure if it is time').beginErasure,
  erase: (step: string) => durable(`Erase the next: ${step}`).eraseStep,
  verify: durable('Look at every store again').verifyErasure,
  complete: durable('Empty the row of the account and complete the receipt').completeErasure,
}
