import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import { MAX_CHARACTERS } from '../../domain/limits.ts'
import type { Row } from '../row.ts'

/** What an authenticator app makes its codes of. One that is not confirmed waits for a first code, and asks for nothing. */
export const TotpSecret = defineEntity({
  name: 'TotpSecret',
  tableName: 'totp_secrets',
  properties: {
    userId: p.bigint('string').primary(),
    isConfirmed: p.boolean().primary(),
    /** Encrypted, with the name of its key. */
    secret: p.string().length(MAX_CHARACTERS.sealedSecret).hidden(),
    /** The half minute of the last code that was taken. */
    lastStep: p.bigint('string').nullable(),
    createdAt: p.datetime(3).defaultRaw('now()'),
  },
})
export type TotpSecret = InferEntity<typeof TotpSecret>
export type TotpSecretRow = Row<typeof TotpSecret>
