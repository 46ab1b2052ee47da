import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import { MAX_CHARACTERS } from '../../domain/limits.ts'
import type { Row } from '../row.ts'

/** A WebAuthn credential: the public half of a key that an authenticator keeps. */
export const Passkey = defineEntity({
  name: 'Passkey',
  tableName: 'passkeys',
  properties: {
    passkeyId: p.uuid().primary(),
    userId: p.bigint('string'),
    credentialId: p.blob().$type<Buffer>().unique(),
    /** In COSE. */
    publicKey: p.blob().$type<Buffer>(),
    /** As the authenticator counts its uses; always 0 for those that do not. */
    signCount: p.bigint('string').default('0'),
    transports: p.array().$type<string[]>(),
    name: p.string().length(MAX_CHARACTERS.passkeyName).nullable(),
    /** Kept by more than one device. */
    isBackedUp: p.boolean(),
    createdAt: p.datetime(3).defaultRaw('now()'),
    lastUsedAt: p.datetime(3).nullable(),
  },
})
export type Passkey = InferEntity<typeof Passkey>
export type PasskeyRow = Row<typeof Passkey>
