import type { ExportPlan } from '../../contracts/activities/exports.ts'
import type { AccountExportRow } from '../../entities/index.ts'
import { UploadGoneError, type StoredPart } from '../../infra/s3/multipart.ts'
import type { ObjectStore } from '../../infra/s3/object-store.ts'
import { exportChanged } from '../../observability/export-events.ts'
import { oweNotification } from '../delivery/notification-events.ts'
import { exportKey, findOpenExport, type OpenExport } from './export-row.ts'
import { beginAgain, forgetParts, type WriterDeps } from './write-archive.ts'

export interface ExportStepDeps extends Pick<WriterDeps, 'db' | 'logger'> {
  objects: Pick<ObjectStore, 'listParts' | 'completeParts' | 'abortParts' | 'head' | 'delete'>
  /** For so long the archive can be downloaded (EXPORT_DAYS). */
  keptDays: number
}

/** What the row of an export asks for. */
export async function planExport(
  { primary }: Pick<ExportStepDeps['db'], 'primary'>,
  exportId: string,
): Promise<ExportPlan> {
  const [row] = await primary<Pick<AccountExportRow, 'status' | 'position'> & { ms_left: string | null }>({
    text: `SELECT status, position, extract(epoch FROM expires_at - now()) * 1000 AS ms_left
      FROM account_exports WHERE export_id = $1`,
    values: [exportId],
  })
  if (row?.status === 'preparing') return { state: 'preparing', isWritten: row.position?.stage === 'end' }
  const msLeft = Math.ceil(Number(row?.ms_left ?? 0))
  return row?.status === 'ready' && msLeft > 0 ? { state: 'ready', msLeft } : { state: 'gone' }
}

/**
 * Makes the object of its parts, and tells the owner. If the storage has other parts than the rows say, as when two processes wrote one
 * at once, the archive is begun again.
 */
export async function finishExport(deps: ExportStepDeps, exportId: string): Promise<void> {
  const { db, objects } = deps
  const open = await findOpenExport(db.primary, exportId)
  if (open?.position.stage !== 'end' || open.uploadId === null) return
  const key = exportKey(exportId)
  const parts = await recordedParts(deps, exportId)
  const stored = await objects.listParts(key, open.uploadId)
  // Without the upload, an earlier try may have made the object of it.
  if (stored) {
    if (!areStored(parts, stored)) return beginAgain(deps, open, 'the storage has other parts')
    try {
      await objects.completeParts(key, open.uploadId, parts)
    } catch (error) {
      if (!(error instanceof UploadGoneError)) throw error
    }
  }
  if ((await objects.head(key))?.bytes !== open.bytes)
    return beginAgain(deps, open, 'the object is not what was written')
  await recordReady(deps, open)
}

async function recordedParts({ db }: ExportStepDeps, exportId: string): Promise<StoredPart[]> {
  // Plan: export_parts_pkey.
  const rows = await db.primary<{ number: number; bytes: string; etag: string }>({
    text: 'SELECT number, bytes, etag FROM export_parts WHERE export_id = $1 ORDER BY number',
    values: [exportId],
  })
  return rows.map((row) => ({ ...row, bytes: Number(row.bytes) }))
}

/** Some storages keep every part that was sent under a number, and take the one that is named by its ETag. */
function areStored(parts: readonly StoredPart[], stored: readonly StoredPart[]): boolean {
  const nameOf = ({ number, bytes, etag }: StoredPart) => `${number} ${bytes} ${etag}`
  const names = new Set(stored.map(nameOf))
  return parts.every((part) => names.has(nameOf(part)))
}

async function recordReady({ db, keptDays }: ExportStepDeps, open: OpenExport): Promise<void> {
  const { exportId, userId, uploadId } = open
  const isReady = await db.transaction(async (tx) => {
    const ready = await tx.query({
      text: `UPDATE account_exports SET status = 'ready', upload_id = NULL, position = NULL, ready_at = now(),
          expires_at = now() + $3 * interval '1 day'
        WHERE export_id = $1 AND upload_id = $2 AND status = 'preparing' RETURNING 1`,
      values: [exportId, uploadId, keptDays],
    })
    if (ready.length === 0) return false
    await forgetParts(tx.query, exportId)
    await oweNotification(tx, {
      recipientId: userId,
      kind: 'export_ready',
      actorId: null,
      itemId: exportId,
    })
    return true
  })
  if (isReady) exportChanged('ready')
}

/**
 * Deletes whatever is stored of an export whose time is over or that was deleted; of one without a row, too. The row says first that
 * it is over, so that nobody is given a URL.
 */
export async function emptyExport({ db, objects }: ExportStepDeps, exportId: string): Promise<void> {
  const expired = await db.primary({
    text: `UPDATE account_exports SET status = 'expired'
      WHERE export_id = $1 AND status = 'ready' AND expires_at <= now() RETURNING 1`,
    values: [exportId],
  })
  if (expired.length > 0) exportChanged('expired')
  const [row] = await db.primary<Pick<AccountExportRow, 'status' | 'upload_id'>>({
    text: 'SELECT status, upload_id FROM account_exports WHERE export_id = $1',
    values: [exportId],
  })
  if (row && (row.status === 'preparing' || row.status === 'ready')) return
  const key = exportKey(exportId)
  if (row?.upload_id) await objects.abortParts(key, row.upload_id)
  await objects.delete([key])
  await db.transaction(async ({ query }) => {
    await forgetParts(query, exportId)
    await query({
      text: `UPDATE account_exports SET upload_id = NULL, position = NULL, emptied_at = now()
        WHERE export_id = $1 AND emptied_at IS NULL`,
      values: [exportId],
    })
  })
}
