import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import { MAX_CHARACTERS } from '../../domain/limits.ts'
import type { Row } from '../row.ts'

/**
 * A comment on a photo, or a reply to one: `parentId` is null or a top-level comment. Deleting a comment hides it and its
 * replies at once; housekeeping deletes the rows.
 */
export const Comment = defineEntity({
  name: 'Comment',
  tableName: 'comments',
  properties: {
    commentId: p.uuid().primary(),
    photoId: p.uuid(),
    authorId: p.bigint('string'),
    parentId: p.uuid().nullable(),
    version: p.integer().version().default(1),
    text: p.string().length(MAX_CHARACTERS.comment),
    replyCount: p.integer().default(0),
    createdAt: p.datetime(3).defaultRaw('now()'),
    editedAt: p.datetime(3).nullable(),
    deletedAt: p.datetime(3).nullable(),
    /** By moderation: nobody but its author sees it any more, nor its replies. */
    takenDownAt: p.datetime(3).nullable(),
    /** Its author left for good: without text, it stands as long as it has replies. */
    erasedAt: p.datetime(3).nullable(),
  },
})
export type Comment = InferEntity<typeof Comment>
export type CommentRow = Row<typeof Comment>
