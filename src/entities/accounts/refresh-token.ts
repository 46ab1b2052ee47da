import { defineEntity, p, type InferEntity } from '@mikro-orm/core'

/** A hashed refresh token. Retired ones are kept as long as their session, so that their reuse ends the session. */
export const RefreshToken = defineEntity({
  name: 'RefreshToken',
  tableName: 'refresh_tokens',
  properties: {
    tokenHash: p.blob().$type<Buffer>().primary(),
    sessionId: p.uuid(),
    issuedAt: p.datetime(3).defaultRaw('now()'),
    retiredAt: p.datetime(3).nullable(),
  },
})
export type RefreshToken = InferEntity<typeof RefreshToken>
