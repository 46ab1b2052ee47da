import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import { MAX_CHARACTERS } from '../../domain/limits.ts'
import type { Row } from '../row.ts'

/** A workflow start or signal that a committed change owes; deleted once Temporal has it. */
export const OutboxEntry = defineEntity({
  name: 'OutboxEntry',
  tableName: 'outbox',
  properties: {
    outboxId: p.bigint('string').primary().autoincrement(),
    kind: p.text(),
    payload: p.json<unknown>(),
    createdAt: p.datetime(3).defaultRaw('now()'),
    lockedUntil: p.datetime(3).defaultRaw('now()'),
    attempts: p.integer().default(0),
    lastError: p.string().length(MAX_CHARACTERS.lastError).nullable(),
    parkedAt: p.datetime(3).nullable(),
  },
})
export type OutboxEntry = InferEntity<typeof OutboxEntry>
export type OutboxEntryRow = Row<typeof OutboxEntry>
