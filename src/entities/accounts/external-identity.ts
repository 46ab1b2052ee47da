import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import { MAX_CHARACTERS } from '../../domain/limits.ts'
import type { Row } from '../row.ts'

/** Whom a provider of OpenID Connect vouches for: nothing but what it calls them. */
export const ExternalIdentity = defineEntity({
  name: 'ExternalIdentity',
  tableName: 'external_identities',
  properties: {
    identityId: p.uuid().primary(),
    userId: p.bigint('string'),
    issuer: p.string().length(MAX_CHARACTERS.issuer),
    /** Unique with the issuer. */
    subject: p.string().length(MAX_CHARACTERS.subject),
    createdAt: p.datetime(3).defaultRaw('now()'),
    lastUsedAt: p.datetime(3).nullable(),
  },
})
export type ExternalIdentity = InferEntity<typeof ExternalIdentity>
export type ExternalIdentityRow = Row<typeof ExternalIdentity>
