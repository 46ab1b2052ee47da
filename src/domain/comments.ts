import type { UserId } from './ids.ts'

export const COMMENT_POLICIES = ['everyone', 'followers', 'nobody'] as const
/** Who may comment on a photo that they see, its owner aside. */
export type CommentPolicy = (typeof COMMENT_POLICIES)[number]

/** Whether someone who sees a photo may comment on it; its owner always may. */
export function mayComment(
  policy: CommentPolicy,
  { isOwner, follows }: { isOwner: boolean; follows: boolean },
): boolean {
  return isOwner || policy === 'everyone' || (policy === 'followers' && follows)
}

/** Whether someone who sees a comment may delete it: its author, the photo's owner, a moderator. */
export function mayDeleteComment(
  viewer: { userId: UserId; isModerator: boolean },
  comment: { authorId: UserId; photoOwnerId: UserId },
): boolean {
  return viewer.isModerator || viewer.userId === comment.authorId || viewer.userId === comment.photoOwnerId
}
