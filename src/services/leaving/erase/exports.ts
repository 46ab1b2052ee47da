import type { Database } from '../../../infra/db/database.ts'
import type { ObjectStore } from '../../../infra/s3/object-store.ts'
import { removeExportsOf } from '../../exports/remove-exports.ts'
import { countRemoved, type ErasureStep } from './step.ts'

/** Deletes the archives of the account's exports, those that are being written as well. */
export const eraseExports = ({
  db,
  bucket,
}: {
  db: Pick<Database, 'primary'>
  bucket: Pick<ObjectStore, 'abortParts' | 'delete'>
}): ErasureStep => ({
  name: 'exports',
  async next(account) {
    const removed = await removeExportsOf({ primary: db.primary, objects: bucket }, account.userId)
    await countRemoved(
      db.primary,
      account,
      { store: 'postgres', what: 'account_exports', removed },
      { store: 'bucket', what: 'exports', removed },
    )
    return 'done'
  },
})
