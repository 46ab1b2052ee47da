import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import type { Row } from '../row.ts'

/** What somebody did, in an append-only log. Postgres numbers and chains the entries. */
export const AuditEntry = defineEntity({
  name: 'AuditEntry',
  tableName: 'moderation_audit',
  properties: {
    seq: p.bigint('string').primary().autoincrement(false),
    at: p.datetime(3).defaultRaw('now()'),
    /** Null: the service itself or the command line. */
    actorId: p.bigint('string').nullable(),
    actorRole: p.text(),
    action: p.text(),
    subject: p.text(),
    details: p.json().$type<Record<string, unknown>>(),
    hash: p.blob().$type<Buffer>(),
  },
})
export type AuditEntry = InferEntity<typeof AuditEntry>
export type AuditEntryRow = Row<typeof AuditEntry>
