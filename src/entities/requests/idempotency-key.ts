import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import { MAX_CHARACTERS } from '../../domain/limits.ts'

/** The first answer to a POST that carried an Idempotency-Key, kept 24 h. */
export const IdempotencyKey = defineEntity({
  name: 'IdempotencyKey',
  tableName: 'idempotency_keys',
  properties: {
    userId: p.bigint('string').primary(),
    route: p.text().primary(),
    key: p.string().length(MAX_CHARACTERS.idempotencyKey).primary(),
    fingerprint: p.blob().$type<Buffer>(),
    lockedUntil: p.datetime(3).nullable(),
    status: p.smallint().nullable(),
    response: p.json<Record<string, unknown>>().nullable(),
    createdAt: p.datetime(3).defaultRaw('now()'),
  },
})
export type IdempotencyKey = InferEntity<typeof IdempotencyKey>
