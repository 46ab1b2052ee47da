import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import type { Row } from '../row.ts'

/** An account that is left for good, from the request on; once it is complete, its receipt. */
export const AccountErasure = defineEntity({
  name: 'AccountErasure',
  tableName: 'account_erasures',
  properties: {
    erasureId: p.uuid().primary(),
    userId: p.bigint('string'),
    /** SHA-256 of what the person keeps to read the receipt. */
    secretHash: p.blob().$type<Buffer>(),
    /** Keyed digest of the username. */
    nameHash: p.blob().$type<Buffer>(),
    requestedAt: p.datetime(3).defaultRaw('now()'),
    startsAt: p.datetime(3),
    /** From then on it cannot be stopped. */
    startedAt: p.datetime(3).nullable(),
    completedAt: p.datetime(3).nullable(),
    /** When what moderation keeps of the account is deleted. */
    keptUntil: p.datetime(3).nullable(),
  },
})
export type AccountErasure = InferEntity<typeof AccountErasure>
export type AccountErasureRow = Row<typeof AccountErasure>
