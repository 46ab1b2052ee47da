import type { ColdStorageSlice, ColdStorageSliceInput } from '../cold-storage.ts'
import type { OriginalRestoreInput, RestoreReadiness } from '../original-restore.ts'

/** The steps of coldStorage and originalRestore on the queue `archive`. */
export interface ColdStorageActivities {
  /** The moment before which photos are old, ISO 8601; null where there is no cold storage. */
  findColdStorageLimit: () => Promise<string | null>
  /** Ends the time of restored originals. @returns how many photos */
  endRestores: () => Promise<number>
  /** Moves a stretch of old originals within some seconds. */
  coolOriginals: (input: ColdStorageSliceInput) => Promise<ColdStorageSlice>
  /** Asks the cold storage for the original. May be called again. */
  prepareRestore: (input: OriginalRestoreInput) => Promise<RestoreReadiness>
  /** Copies it back and tells the owner. @param restoreId of this restore alone, the same for each try */
  finishRestore: (input: OriginalRestoreInput & { restoreId: string }) => Promise<'restored' | 'gone'>
}
