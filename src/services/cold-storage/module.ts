import type { Clients } from '../clients.ts'
import type { Delivery } from '../delivery/module.ts'
import { createCoolOriginals } from './cool-originals.ts'
import { createRestoreRequests } from './request-restore.ts'
import { createOriginalRestorer } from './restore-original.ts'
import { recordRun } from './runs.ts'
import { createColdStorageWatch } from './watch-cold-storage.ts'

const DAY_MS = 24 * 60 * 60 * 1000

/** The owners' side. */
export function openRestoreRequests({ db }: Clients, { outbox }: Delivery) {
  return { restoreRequests: createRestoreRequests({ db, outbox }) }
}

/** The workflows' side. */
export function openColdStorage({ config, db, objects, archive }: Clients) {
  const prices = { hot: config.S3_HOT_PRICE, cold: config.S3_COLD_PRICE }
  return {
    /** Photos from before it are old; null where the settings name no cold storage, and a run ends as it begins. */
    limit: async (now = Date.now()): Promise<Date | null> => {
      if (archive) return new Date(now - config.COLD_AFTER_DAYS * DAY_MS)
      await recordRun(db.primary)
      return null
    },
    storage: archive && {
      cool: createCoolOriginals({ db, objects, archive, prices }),
      restorer: createOriginalRestorer({ db, objects, archive, restoredDays: config.RESTORED_DAYS }),
    },
  }
}

/** Reports what operators watch; does nothing where there is no cold storage. */
export function openColdStorageWatch({ db, archive, logger }: Clients) {
  const watch = createColdStorageWatch({ db, logger })
  return {
    background: async (signal: AbortSignal): Promise<void> => {
      if (archive) await watch(signal)
    },
  }
}

export type ColdStorage = ReturnType<typeof openColdStorage>
