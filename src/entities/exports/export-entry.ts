import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import type { Row } from '../row.ts'

/** A file in an archive, which the directory at its end lists; the rows go when that is written. */
export const ExportEntry = defineEntity({
  name: 'ExportEntry',
  tableName: 'export_entries',
  properties: {
    exportId: p.uuid().primary(),
    number: p.integer().primary(),
    /** Of an original. */
    photoId: p.uuid().nullable(),
    name: p.string().length(255),
    /** Where its header is. */
    at: p.bigint('string'),
    bytes: p.bigint('string'),
    crc32: p.bigint('string'),
    /** As MS-DOS counts time. */
    modified: p.bigint('string'),
    /** The directory does not list it: its photo was deleted meanwhile, or the storage has lost it. */
    leftOut: p.enum(['deleted', 'missing'] as const).nullable(),
  },
})
export type ExportEntry = InferEntity<typeof ExportEntry>
export type ExportEntryRow = Row<typeof ExportEntry>
