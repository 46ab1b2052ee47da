import { defineEntity, p, type InferEntity } from '@mikro-orm/core'

/** Hides two accounts from each other, whichever of them made it. */
export const Block = defineEntity({
  name: 'Block',
  tableName: 'blocks',
  checks: [{ name: 'blocks_check', expression: 'blocker_id <> blocked_id' }],
  properties: {
    blockerId: p.bigint('string').primary(),
    blockedId: p.bigint('string').primary(),
    createdAt: p.datetime(3).defaultRaw('now()'),
  },
})
export type Block = InferEntity<typeof Block>
