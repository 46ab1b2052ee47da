import { defineEntity, p, type InferEntity } from '@mikro-orm/core'

/** A hashed refresh token of before sessions had generations. None are added; they go with their sessions. */
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
