import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import { MAX_CHARACTERS } from '../../domain/limits.ts'
import type { Row } from '../row.ts'

/** One sign-in on a device. Its refresh tokens have no rows: only the one of the present generation is good. */
export const Session = defineEntity({
  name: 'Session',
  tableName: 'sessions',
  properties: {
    sessionId: p.uuid().primary(),
    userId: p.bigint('string'),
    userAgent: p.string().length(MAX_CHARACTERS.userAgent).nullable(),
    /** What the person calls the device. */
    name: p.string().length(MAX_CHARACTERS.deviceName).nullable(),
    /** A digest of the network of the sign-in; null for sessions of before. */
    network: p.blob().$type<Buffer>().nullable(),
    /** How often it was renewed. */
    generation: p.integer().default(0),
    renewedAt: p.datetime(3).defaultRaw('now()'),
    createdAt: p.datetime(3).defaultRaw('now()'),
    lastUsedAt: p.datetime(3).defaultRaw('now()'),
    expiresAt: p.datetime(3),
    revokedAt: p.datetime(3).nullable(),
    /** When the device last proved a second factor; null if it signed in by password alone. */
    secondFactorAt: p.datetime(3).nullable(),
  },
})
export type Session = InferEntity<typeof Session>
export type SessionRow = Row<typeof Session>
