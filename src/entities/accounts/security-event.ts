import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import { MAX_CHARACTERS } from '../../domain/limits.ts'
import type { SecurityEventKind } from '../../domain/security-events.ts'
import type { Row } from '../row.ts'

/** Something that an account should know of. No addresses: only a digest of the network, by a key that changes daily. */
export const SecurityEvent = defineEntity({
  name: 'SecurityEvent',
  tableName: 'security_events',
  properties: {
    securityEventId: p.uuid().primary(),
    userId: p.bigint('string'),
    kind: p.text().$type<SecurityEventKind>(),
    userAgent: p.string().length(MAX_CHARACTERS.userAgent).nullable(),
    /** Equal for events of one network on one day. */
    network: p.blob().$type<Buffer>(),
    createdAt: p.datetime(3).defaultRaw('now()'),
  },
})
export type SecurityEvent = InferEntity<typeof SecurityEvent>
export type SecurityEventRow = Row<typeof SecurityEvent>
