import { defineEntity, p, type InferEntity } from '@mikro-orm/core'

/** An account that a comment names as `@username`. */
export const CommentMention = defineEntity({
  name: 'CommentMention',
  tableName: 'comment_mentions',
  properties: {
    commentId: p.uuid().primary(),
    userId: p.bigint('string').primary(),
    createdAt: p.datetime(3).defaultRaw('now()'),
  },
})
export type CommentMention = InferEntity<typeof CommentMention>
