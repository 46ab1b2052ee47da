import type { UserId } from '../../domain/ids.ts'
import type { AccountExportRow, ExportPosition } from '../../entities/index.ts'
import type { Query } from '../../infra/db/database.ts'

/** The prefix of all archives; edges may not read it. */
export const EXPORTS = 'exports/'
export const exportKey = (exportId: string): string => `${EXPORTS}${exportId}.zip`

/** An export that is being prepared, and how far its archive has been written. */
export interface OpenExport {
  exportId: string
  userId: UserId
  createdAt: Date
  /** Null until it is begun. */
  uploadId: string | null
  partBytes: number
  parts: number
  entries: number
  bytes: number
  photos: number
  photosTotal: number
  position: ExportPosition
}

/** Where an archive begins. */
const BEGINNING: ExportPosition = { stage: 'originals', after: null }

type Row = Pick<
  AccountExportRow,
  | 'user_id'
  | 'created_at'
  | 'upload_id'
  | 'part_bytes'
  | 'parts'
  | 'entries'
  | 'bytes'
  | 'photos'
  | 'photos_total'
  | 'position'
>

/** Undefined if it is not being prepared (any more). */
export async function findOpenExport(query: Query, exportId: string): Promise<OpenExport | undefined> {
  const [row] = await query<Row>({
    name: 'open-export',
    text: `SELECT user_id, created_at, upload_id, part_bytes, parts, entries, bytes, photos, photos_total, position
      FROM account_exports WHERE export_id = $1 AND status = 'preparing'`,
    values: [exportId],
  })
  return (
    row && {
      exportId,
      userId: row.user_id,
      createdAt: row.created_at,
      uploadId: row.upload_id,
      partBytes: Number(row.part_bytes),
      parts: row.parts,
      entries: row.entries,
      bytes: Number(row.bytes),
      photos: row.photos,
      photosTotal: row.photos_total ?? 0,
      position: row.position ?? BEGINNING,
    }
  )
}
