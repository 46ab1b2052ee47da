import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import { EXPORT_STATUSES } from '../../domain/exports.ts'
import type { Row } from '../row.ts'

/**
 * An archive of all that an account has stored. `parts`, `entries`, `bytes`, `photos` and `position` say how far it is written, and
 * change with each part at once.
 */
export const AccountExport = defineEntity({
  name: 'AccountExport',
  tableName: 'account_exports',
  checks: [
    { name: 'account_exports_check', expression: '(ready_at IS NULL) = (expires_at IS NULL)' },
    { name: 'account_exports_check1', expression: "status <> 'ready' OR ready_at IS NOT NULL" },
  ],
  properties: {
    exportId: p.uuid().primary(),
    userId: p.bigint('string'),
    status: p.enum(EXPORT_STATUSES).default('preparing'),
    /** The storage's name of the upload that is under way. */
    uploadId: p.text().nullable(),
    /** How long a part gets at least. */
    partBytes: p.bigint('string').nullable(),
    parts: p.integer().default(0),
    entries: p.integer().default(0),
    bytes: p.bigint('string').default('0'),
    /** Of all originals, when it was begun. */
    bytesTotal: p.bigint('string').nullable(),
    photos: p.integer().default(0),
    photosTotal: p.integer().nullable(),
    /** Where the next part begins. */
    position: p.json().$type<ExportPosition>().nullable(),
    /** When originals in the cold storage were first asked for. */
    askedAt: p.datetime(3).nullable(),
    createdAt: p.datetime(3).defaultRaw('now()'),
    /** When it was asked for, or its last part was recorded. */
    progressedAt: p.datetime(3).defaultRaw('now()'),
    readyAt: p.datetime(3).nullable(),
    expiresAt: p.datetime(3).nullable(),
    /** Nothing of it is stored any more. */
    emptiedAt: p.datetime(3).nullable(),
  },
})

/** First all originals, then the documents about them, then the directory of the ZIP. */
export type ExportPosition =
  | { stage: 'originals'; after: string | null; under?: OriginalUnderWay }
  | { stage: 'documents'; document: string; after: string[] | null; page: number }
  | { stage: 'directory'; after: number; entries: number; at: number }
  | { stage: 'end' }

/** An original that began in an earlier part. */
export interface OriginalUnderWay {
  photoId: string
  name: string
  at: number
  bytes: number
  crc32: number
  modified: number
  sent: number
}
export type AccountExport = InferEntity<typeof AccountExport>
export type AccountExportRow = Row<typeof AccountExport>
