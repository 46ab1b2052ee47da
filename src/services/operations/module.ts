import { createPhotoIndex } from '../../infra/opensearch/photo-index.ts'
import type { Clients } from '../clients.ts'
import type { Delivery } from '../delivery/module.ts'
import { createHousekeeping } from './housekeeping.ts'
import { createReadiness } from './readiness.ts'
import { createReplicaKeeper } from './replica-keeper.ts'
import { watchDepartures } from './watch-departures.ts'
import { createStorageWatch } from './watch-storage.ts'

/** The operators' view of a process. */
export function openOperations({ config, db, redis, objects, temporal, openSearch }: Clients) {
  const indexPrefix = config.OPENSEARCH_INDEX_PREFIX
  return { checkReadiness: createReadiness({ db, redis, objects, temporal, openSearch, indexPrefix }) }
}

/** The sweeps of every module. */
export function openHousekeeping(clients: Clients, { starts }: Delivery) {
  const { config, db, objects, archive, cdn, openSearch } = clients
  const searchIndex = createPhotoIndex(openSearch, config.OPENSEARCH_INDEX_PREFIX)
  const evidenceDays = config.MODERATION_EVIDENCE_DAYS
  return {
    housekeeping: createHousekeeping({ db, objects, archive, cdn, searchIndex, starts, evidenceDays }),
  }
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

/** Reports the free bytes of the storage; does nothing where no setting tells how to know them. */
export function openStorageWatch({ config, db, logger }: Clients) {
  const { S3_STATUS_URLS: statusUrls, S3_CAPACITY_BYTES: capacityBytes } = config
  const watch = createStorageWatch({ primary: db.primary, logger, statusUrls, capacityBytes })
  return {
    background: async (signal: AbortSignal): Promise<void> => {
      if (statusUrls.length > 0 || capacityBytes !== undefined) await watch(signal)
    },
  }
}

/** Reports how long erasures and exports have been under way. */
export function openDeparturesWatch({ db, logger }: Clients) {
  return {
    background: (signal: AbortSignal): Promise<void> =>
      watchDepartures({ primary: db.primary, logger }, signal),
  }
}
