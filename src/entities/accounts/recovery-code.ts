import { defineEntity, p, type InferEntity } from '@mikro-orm/core'

/** A code that stands in for a lost factor, once. Only its hash is kept, until it is used. */
export const RecoveryCode = defineEntity({
  name: 'RecoveryCode',
  tableName: 'recovery_codes',
  properties: {
    userId: p.bigint('string').primary(),
    codeHash: p.blob().$type<Buffer>().primary(),
    createdAt: p.datetime(3).defaultRaw('now()'),
  },
})
export type RecoveryCode = InferEntity<typeof RecoveryCode>
