import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import { MAX_CHARACTERS } from '../../domain/limits.ts'
import type { Row } from '../row.ts'

/** A part of an archive that the storage has. */
export const ExportPart = defineEntity({
  name: 'ExportPart',
  tableName: 'export_parts',
  properties: {
    exportId: p.uuid().primary(),
    number: p.integer().primary(),
    bytes: p.bigint('string'),
    etag: p.string().length(MAX_CHARACTERS.etag),
  },
})
export type ExportPart = InferEntity<typeof ExportPart>
export type ExportPartRow = Row<typeof ExportPart>
