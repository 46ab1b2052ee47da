import type { Sweep } from '../../contracts/housekeeping.ts'
import { ENDED_EXPORTS_KEPT_DAYS } from '../../domain/exports.ts'
import { isUuid, type UserId } from '../../domain/ids.ts'
import { deleteInBatches } from '../../infra/db/delete-in-batches.ts'
import type { Query } from '../../infra/db/database.ts'
import type { ObjectStore } from '../../infra/s3/object-store.ts'
import type { WorkflowStarts } from '../delivery/workflow-starts.ts'
import { EXPORTS } from './export-row.ts'

/** Long enough for the row of an upload to be committed, and for an object that was just deleted to be listed no more. */
const UNNAMED_KEPT_MS = 60 * 60 * 1000
const WAKE_BATCH = 1_000
const BATCH_OBJECTS = 500

export interface SweepExportsDeps {
  primary: Query
  objects: Pick<ObjectStore, 'list' | 'listUnfinished' | 'abortParts' | 'delete'>
  starts: Pick<WorkflowStarts, 'deliver'>
  now?: () => number
}

interface Stored {
  key: string
  exportId: string
  uploadId?: string
}

/** Goes on with exports whose workflow was lost, deletes what is stored of none, and forgets those that ended long ago. */
export function sweepExports({ primary, objects, starts, now = Date.now }: SweepExportsDeps): Sweep {
  async function wake(signal?: AbortSignal): Promise<number> {
    // Plan: account_exports_stored_idx. Those that run, or wait for their end, hear of nothing new.
    const rows = await primary<{ export_id: string; user_id: UserId }>({
      text: `SELECT export_id, user_id FROM account_exports
        WHERE emptied_at IS NULL AND created_at < now() - interval '1 hour'
          AND (status <> 'ready' OR expires_at < now() - interval '1 hour')
        ORDER BY created_at LIMIT $1`,
      values: [WAKE_BATCH],
    })
    for (const { export_id: exportId, user_id: ownerId } of rows) {
      signal?.throwIfAborted()
      await starts.deliver({ kind: 'exportChanged', payload: { exportId, ownerId } })
    }
    return rows.length
  }

  /** Those that no row of an export names which is being prepared or ready. */
  async function unnamed(stored: readonly Stored[]): Promise<Stored[]> {
    if (stored.length === 0) return []
    const rows = await primary<{ export_id: string; status: string; upload_id: string | null }>({
      text: `SELECT export_id, upload_id FROM account_exports
        WHERE export_id = ANY ($1::uuid[]) AND status IN ('preparing', 'ready')`,
      values: [stored.map(({ exportId }) => exportId)],
    })
    const named = new Map(rows.map((row) => [row.export_id, row.upload_id]))
    return stored.filter(({ exportId, uploadId }) =>
      uploadId === undefined ? !named.has(exportId) : named.get(exportId) !== uploadId,
    )
  }

  async function deleteUnnamed(signal?: AbortSignal): Promise<number> {
    let deleted = 0
    let batch: Stored[] = []
    const isOld = (since: Date) => now() - since.getTime() > UNNAMED_KEPT_MS
    const finish = async () => {
      for (const { key, uploadId } of await unnamed(batch)) {
        signal?.throwIfAborted()
        if (uploadId === undefined) await objects.delete([key])
        else await objects.abortParts(key, uploadId)
        deleted++
      }
      batch = []
    }
    const look = async (stored: Stored | undefined) => {
      if (stored) batch.push(stored)
      if (batch.length === BATCH_OBJECTS) await finish()
    }
    for await (const { key, lastModified } of objects.list(EXPORTS)) {
      const exportId = exportIdOf(key)
      await look(exportId && isOld(lastModified) ? { key, exportId } : undefined)
    }
    for await (const { key, uploadId, initiated } of objects.listUnfinished(EXPORTS)) {
      const exportId = exportIdOf(key)
      await look(exportId && isOld(initiated) ? { key, exportId, uploadId } : undefined)
    }
    await finish()
    return deleted
  }

  return {
    name: 'exports',
    summary: 'Go on with exports, and delete what is left of them',
    async run(signal) {
      const woken = await wake(signal)
      const deleted = await deleteUnnamed(signal)
      // Plan: account_exports_emptied_idx.
      const forgotten = await deleteInBatches(
        primary,
        `DELETE FROM account_exports WHERE export_id = ANY (ARRAY(
            SELECT export_id FROM account_exports WHERE emptied_at < now() - $2 * interval '1 day' LIMIT $1))
          RETURNING 1`,
        signal,
        [ENDED_EXPORTS_KEPT_DAYS],
      )
      return woken + deleted + forgotten
    },
  }
}

function exportIdOf(key: string): string | undefined {
  const id = key.slice(EXPORTS.length).replace(/\.zip$/, '')
  return isUuid(id) ? id : undefined
}
