import { proxyActivities } from '@temporalio/workflow'
import type { HousekeepingActivities } from '../../contracts/activities/operations.ts'
import { durableStep, sweep } from '../../contracts/activity-options.ts'

/** The steps of housekeeping, each with the policy that protects it and the line that an operator reads. */
export const steps = {
  listSweeps: proxyActivities<HousekeepingActivities>({ ...durableStep, summary: 'List the sweeps' })
    .listSweeps,
  runSweep: (summary: string) => proxyActivities<HousekeepingActivities>({ ...sweep, summary }).runSweep,
}
