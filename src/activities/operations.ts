import type { HousekeepingActivities, HousekeepingActivitiesV01 } from '../contracts/activities/operations.ts'
import type { Sweep } from '../contracts/housekeeping.ts'
import { asActivities } from './failures.ts'
import { whileHeartbeating } from './heartbeat.ts'

/** The steps of housekeeping, and the activities that v0.1 had for its sweeps. */
export function createHousekeepingActivities({
  housekeeping,
}: {
  housekeeping: readonly Sweep[]
}): HousekeepingActivities & HousekeepingActivitiesV01 {
  const run = (name: string): Promise<number> => {
    const sweep = housekeeping.find((each) => each.name === name)
    if (!sweep) throw new UnknownSweepError(`this release has no sweep ${name}`)
    return whileHeartbeating((signal) => sweep.run(signal))
  }
  return asActivities<HousekeepingActivities & HousekeepingActivitiesV01>({
    listSweeps: async () => housekeeping.map(({ name, summary }) => ({ name, summary })),
    runSweep: async ({ name }) => run(name),
    sweepIncomingObjects: async () => run('incomingObjects'),
    sweepIdempotencyKeys: async () => run('idempotencyKeys'),
    sweepSessions: async () => run('sessions'),
    startOwedFanouts: async () => run('fanouts'),
  })
}

/** A workflow of another release asked for the sweep. It is retried, because a worker of that release may take it. */
class UnknownSweepError extends Error {
  override readonly name = 'UnknownSweepError'
}
