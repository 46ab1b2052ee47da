import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import { MAX_CHARACTERS } from '../../domain/limits.ts'
import type { Row } from '../row.ts'

/** One sign-in on a device, with the chain of refresh tokens that descend from it. */
export const Session = defineEntity({
  name: 'Session',
  tableName: 'sessions',
  properties: {
    sessionId: p.uuid().primary(),
    userId: p.bigint('string'),
    userAgent: p.string().length(MAX_CHARACTERS.userAgent).nullable(),
    createdAt: p.datetime(3).defaultRaw('now()'),
    lastUsedAt: p.datetime(3).defaultRaw('now()'),
    expiresAt: p.datetime(3),
    revokedAt: p.datetime(3).nullable(),
  },
})
export type Session = InferEntity<typeof Session>
export type SessionRow = Row<typeof Session>
