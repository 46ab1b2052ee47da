import type { UserId } from '../../domain/ids.ts'
import type { Query } from '../../infra/db/database.ts'
import type { ObjectStore } from '../../infra/s3/object-store.ts'
import { exportKey } from './export-row.ts'

/**
 * Deletes all exports of an account, with whatever is stored of them: for an account that is erased. May run twice.
 * @returns how many there were
 */
export async function removeExportsOf(
  { primary, objects }: { primary: Query; objects: Pick<ObjectStore, 'abortParts' | 'delete'> },
  userId: UserId,
): Promise<number> {
  // First, so that no process goes on with them. Plan: account_exports_user_idx; an account has a hundred at most.
  const rows = await primary<{ export_id: string; upload_id: string | null }>({
    text: `UPDATE account_exports SET status = 'deleted' WHERE user_id = $1 RETURNING export_id, upload_id`,
    values: [userId],
  })
  for (const { export_id: exportId, upload_id: uploadId } of rows) {
    if (uploadId) await objects.abortParts(exportKey(exportId), uploadId)
    await objects.delete([exportKey(exportId)])
    await primary({ text: 'DELETE FROM account_exports WHERE export_id = $1', values: [exportId] })
  }
  return rows.length
}
