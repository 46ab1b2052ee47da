import type { Clients } from '../clients.ts'
import type { Delivery } from '../delivery/module.ts'
import { createHousekeeping } from './housekeeping.ts'
import { createReadiness } from './readiness.ts'
import { createReplicaKeeper } from './replica-keeper.ts'

/** The operators' view of a process. */
export function openOperations({ db, redis, objects, temporal, openSearch }: Clients) {
  return { checkReadiness: createReadiness({ db, redis, objects, temporal, openSearch }) }
}

/** The sweeps of every module. */
export function openHousekeeping({ db, objects, cdn }: Clients, { starts }: Delivery) {
  return { housekeeping: createHousekeeping({ db, objects, cdn, starts }) }
}

/** Keeps narrowings from waiting for a replica that is gone; does nothing without a replica. */
export function openReplicaKeeper({ config, db, logger }: Clients) {
  const keeper = createReplicaKeeper({
    db,
    logger,
    standbyNames: config.DATABASE_STANDBY_NAMES,
    replicaName: config.DATABASE_REPLICA_NAME,
  })
  return {
    background: async (signal: AbortSignal): Promise<void> => {
      if (config.DATABASE_REPLICA_URL) await keeper.run(signal)
    },
  }
}
