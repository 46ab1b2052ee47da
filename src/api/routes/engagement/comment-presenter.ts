import type { z } from 'zod'
import type { ShownComment } from '../../../services/engagement/read-comments.ts'
import type { PresentPeople } from '../accounts/presenter.ts'
import type { CommentSchema } from './comment-schema.ts'

export function presentComment(comment: ShownComment, people: PresentPeople): z.infer<typeof CommentSchema> {
  return {
    id: comment.commentId,
    photoId: comment.photoId,
    parentId: comment.parentId,
    author: people.owner(comment.author),
    deleted: comment.isErased,
    text: comment.isErased ? '' : comment.text,
    mentions: comment.mentions.map(({ userId, username }) => ({ id: userId, username })),
    replyCount: comment.replyCount,
    createdAt: comment.createdAt.toISOString(),
    editedAt: comment.editedAt?.toISOString() ?? null,
  }
}
