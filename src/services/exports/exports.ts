import { v7 as uuidv7 } from 'uuid'
import { DarkroomError, notFound } from '../../domain/errors.ts'
import { MAX_EXPORTS_PER_DAY, type ExportStatus } from '../../domain/exports.ts'
import type { UserId } from '../../domain/ids.ts'
import type { UserViewer } from '../../domain/viewer.ts'
import { AccountExport, type AccountExportRow } from '../../entities/index.ts'
import type { Database, Query } from '../../infra/db/database.ts'
import { insertRow, run } from '../../infra/db/insert.ts'
import type { ObjectStore } from '../../infra/s3/object-store.ts'
import { exportChanged } from '../../observability/export-events.ts'
import { addToOutbox, type Outbox } from '../delivery/outbox.ts'
import { pageOfRows, type ListRead, type Page } from '../lists/list-read.ts'
import type { FirstRun } from '../requests/idempotency.ts'
import { exportKey } from './export-row.ts'

/** An export as its owner sees it. */
export interface ShownExport {
  exportId: string
  status: ExportStatus
  createdAt: Date
  photos: number
  /** Null until they were counted. */
  photosTotal: number | null
  bytes: number
  /** When the archive is deleted. */
  expiresAt: Date | null
  /** Of one that is ready: signed when it is shown. */
  download: { url: string; expiresAt: Date } | null
}

export interface Exports {
  /** Asks for one. @throws DarkroomError export_running, rate_limited */
  create(userId: UserId, firstRun?: FirstRun): Promise<ShownExport>
  /** The viewer's, the latest first. @throws DarkroomError bad_cursor */
  list(list: ListRead<UserViewer>): Promise<Page<ShownExport>>
  /** @throws DarkroomError not_found */
  get(query: Query, userId: UserId, exportId: string): Promise<ShownExport>
  /** Stops it, or deletes its archive. One that has ended stays as it is. @throws DarkroomError not_found */
  delete(userId: UserId, exportId: string): Promise<void>
}

/** The URL of an archive works for so long: it begins a download, which may take longer. */
const URL_SECONDS = 10 * 60
const DAY_SECONDS = 24 * 60 * 60

const COLUMNS = 'export_id, status, created_at, photos, photos_total, bytes, expires_at'
type Row = Pick<
  AccountExportRow,
  'export_id' | 'status' | 'created_at' | 'photos' | 'photos_total' | 'bytes' | 'expires_at'
>

// Plan: account_exports_user_idx.
const RECENT = `
  SELECT status, extract(epoch FROM created_at + interval '1 day' - now())::float8 AS seconds_left
  FROM account_exports WHERE user_id = $1 AND (status = 'preparing' OR created_at > now() - interval '1 day')
  ORDER BY export_id DESC`

// Walks account_exports_user_idx from the cursor. Ids are UUID v7.
const LIST = `
  SELECT ${COLUMNS} FROM account_exports
  WHERE user_id = $1 AND export_id < coalesce($2::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
  ORDER BY export_id DESC LIMIT $3`

export function createExports({
  db,
  objects,
  outbox,
}: {
  db: Database
  objects: Pick<ObjectStore, 'presignGet'>
  outbox: Pick<Outbox, 'dispatch'>
}): Exports {
  async function shown(row: Row): Promise<ShownExport> {
    const { export_id: exportId, status, created_at: createdAt, expires_at: expiresAt } = row
    const isThere = status === 'ready' && expiresAt !== null && expiresAt.getTime() > Date.now()
    const fileName = `darkroom-${createdAt.toISOString().slice(0, 10)}.zip`
    return {
      exportId,
      status: status === 'ready' && !isThere ? 'expired' : status,
      createdAt,
      photos: row.photos,
      photosTotal: row.photos_total,
      bytes: Number(row.bytes),
      expiresAt,
      download: isThere ? await objects.presignGet(exportKey(exportId), URL_SECONDS, fileName) : null,
    }
  }

  async function get(query: Query, userId: UserId, exportId: string): Promise<ShownExport> {
    const [row] = await query<Row>({
      name: 'own-export',
      text: `SELECT ${COLUMNS} FROM account_exports WHERE export_id = $1 AND user_id = $2`,
      values: [exportId, userId],
    })
    if (!row) throw notFound('export')
    return shown(row)
  }

  return {
    get,

    async create(userId, firstRun) {
      const exportId = uuidv7()
      const outboxId = await db.transaction(async (tx) => {
        // Two at once come one after the other, and are counted so.
        await tx.query({ text: 'SELECT FROM users WHERE user_id = $1 FOR NO KEY UPDATE', values: [userId] })
        const recent = await tx.query<{ status: ExportStatus; seconds_left: number }>({
          text: RECENT,
          values: [userId],
        })
        assertMayBegin(recent)
        await run(
          tx.query,
          insertRow(AccountExport, { exportId, userId }, [
            'uploadId',
            'partBytes',
            'bytesTotal',
            'photosTotal',
            'position',
            'askedAt',
            'readyAt',
            'expiresAt',
            'emptiedAt',
          ]),
        )
        await firstRun?.keep(tx, { status: 202, resourceId: exportId })
        return addToOutbox(tx, { kind: 'exportChanged', payload: { exportId, ownerId: userId } })
      })
      exportChanged('requested')
      await outbox.dispatch([outboxId])
      return get(db.primary, userId, exportId)
    },

    async list(list) {
      const [exportId] = list.after(['string']) ?? [null]
      const rows = await list.query<Row>({
        name: 'own-exports',
        text: LIST,
        values: [list.viewer.userId, exportId, list.limit + 1],
      })
      return pageOfRows(
        list,
        rows,
        (row) => [row.export_id],
        (page) => Promise.all(page.map(shown)),
      )
    },

    async delete(userId, exportId) {
      const outboxIds = await db.transaction(async (tx) => {
        const ended = await tx.query({
          text: `UPDATE account_exports SET status = 'deleted'
            WHERE export_id = $1 AND user_id = $2 AND status IN ('preparing', 'ready') RETURNING 1`,
          values: [exportId, userId],
        })
        if (ended.length === 0) return []
        exportChanged('deleted')
        return [await addToOutbox(tx, { kind: 'exportChanged', payload: { exportId, ownerId: userId } })]
      })
      if (outboxIds.length === 0) await get(db.primary, userId, exportId)
      await outbox.dispatch(outboxIds)
    },
  }
}

function assertMayBegin(recent: readonly { status: ExportStatus; seconds_left: number }[]): void {
  if (recent.some(({ status }) => status === 'preparing'))
    throw new DarkroomError('export_running', 'An export is being prepared; wait for it or delete it.')
  const oldest = recent[MAX_EXPORTS_PER_DAY - 1]
  if (oldest)
    throw new DarkroomError(
      'rate_limited',
      `There are ${MAX_EXPORTS_PER_DAY} exports a day; see Retry-After.`,
      {
        retryAfterSeconds: Math.min(DAY_SECONDS, Math.max(1, Math.ceil(oldest.seconds_left))),
      },
    )
}
