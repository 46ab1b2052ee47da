import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import { MAX_CHARACTERS } from '../../domain/limits.ts'
import type { SCOPES } from '../../domain/scopes.ts'
import type { Row } from '../row.ts'

/** A personal access token, by which a program acts for an account. Only its hash is kept. */
export const PersonalToken = defineEntity({
  name: 'PersonalToken',
  tableName: 'personal_tokens',
  properties: {
    tokenId: p.uuid().primary(),
    userId: p.bigint('string'),
    name: p.string().length(MAX_CHARACTERS.tokenName),
    scopes: p.array().$type<(typeof SCOPES)[number][]>(),
    tokenHash: p.blob().$type<Buffer>().unique(),
    createdAt: p.datetime(3).defaultRaw('now()'),
    expiresAt: p.datetime(3).nullable(),
    /** To within five minutes. */
    lastUsedAt: p.datetime(3).nullable(),
  },
})
export type PersonalToken = InferEntity<typeof PersonalToken>
export type PersonalTokenRow = Row<typeof PersonalToken>
