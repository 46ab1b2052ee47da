import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import { MAX_CHARACTERS } from '../../domain/limits.ts'
import type { Row } from '../row.ts'

/** What a second factor or passkey has to answer: for one purpose, once, within minutes, on the device that asked. */
export const FactorChallenge = defineEntity({
  name: 'FactorChallenge',
  tableName: 'factor_challenges',
  properties: {
    challengeHash: p.blob().$type<Buffer>().primary(),
    purpose: p.enum(['sign_in', 'passkey_sign_in', 'passkey_registration', 'presence'] as const),
    /** Null for a sign-in by passkey: the passkey says whose it is. */
    userId: p.bigint('string').nullable(),
    /** The session that asked; of a sign-in, one that the device had before. */
    sessionId: p.uuid().nullable(),
    userAgent: p.string().length(MAX_CHARACTERS.userAgent).nullable(),
    /** What the person calls the device that signs in. */
    deviceName: p.string().length(MAX_CHARACTERS.deviceName).nullable(),
    /** Wrong ones. */
    attempts: p.integer().default(0),
    expiresAt: p.datetime(3),
  },
})
export type FactorChallenge = InferEntity<typeof FactorChallenge>
export type FactorChallengeRow = Row<typeof FactorChallenge>
