import { setTimeout as delay } from 'node:timers/promises'
import type { Query } from '../../infra/db/database.ts'
import { readStorageSpace } from '../../infra/s3/storage-space.ts'
import type { Logger } from '../../observability/logger.ts'
import {
  forgetStorageSpace,
  reportStorageSpace,
  type StorageSource,
  type StorageSpace,
} from '../../observability/storage-events.ts'

const CHECK_INTERVAL_MS = 60_000

export interface StorageWatchDeps {
  primary: Query
  logger: Logger
  /** S3_STATUS_URLS */
  statusUrls: readonly string[]
  /** S3_CAPACITY_BYTES */
  capacityBytes: number | undefined
  intervalMs?: number
}

/** Reports, until the signal aborts, how much the storage can still take: a full one refuses every upload. */
export function createStorageWatch(deps: StorageWatchDeps) {
  const { primary, logger, statusUrls, capacityBytes, intervalMs = CHECK_INTERVAL_MS } = deps

  async function report(by: StorageSource, read: () => Promise<StorageSpace>): Promise<void> {
    try {
      reportStorageSpace(by, await read())
    } catch (error) {
      forgetStorageSpace(by)
      logger.warn({ err: error }, 'free bytes of the storage unknown')
    }
  }

  return async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      if (statusUrls.length > 0) await report('storage', () => readStorageSpace(statusUrls, signal))
      if (capacityBytes !== undefined) await report('setting', () => spaceLeft(primary, capacityBytes))
      await delay(intervalMs, undefined, { signal }).catch(() => undefined)
    }
  }
}

// Plan: user_storage in full, a row for each account that has ever uploaded.
async function spaceLeft(primary: Query, capacityBytes: number): Promise<StorageSpace> {
  const [row] = await primary<{ bytes: string }>({
    text: 'SELECT coalesce(sum(bytes), 0) AS bytes FROM user_storage',
  })
  return { capacityBytes, freeBytes: Math.max(0, capacityBytes - Number(row!.bytes)) }
}
