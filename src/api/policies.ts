import { mayDeleteComment } from '../domain/comments.ts'
import { DarkroomError } from '../domain/errors.ts'
import type { UserId } from '../domain/ids.ts'
import type { FoundComment } from '../services/engagement/read-comments.ts'
import type { PhotoCard } from '../services/photos/photo-cards.ts'

/**
 * Refuses an action that only the photo's owner may take. The photo was loaded with the viewer's
 * rights, so a hidden one has already been answered with 404.
 * @throws DarkroomError forbidden
 */
export function assertMay(
  viewer: { userId: UserId },
  action:
    | 'edit'
    | 'delete'
    | 'restore'
    | 'follow progress of'
    | 'download the original of'
    | 'restore the original of'
    | 'see suggested tags of'
    | 'dismiss suggested tags of',
  photo: PhotoCard,
): void {
  if (photo.owner.userId !== viewer.userId) {
    throw new DarkroomError('forbidden', `Only its owner may ${action} a photo.`)
  }
}

/** The same for a comment: its author may edit it; they, the photo's owner and moderators may delete it. @throws DarkroomError forbidden */
export function assertMayOnComment(
  viewer: { userId: UserId },
  action: 'edit' | 'delete',
  { author, photoOwnerId, viewerIsModerator }: FoundComment,
): void {
  const may =
    action === 'edit'
      ? author.userId === viewer.userId
      : mayDeleteComment(
          { userId: viewer.userId, isModerator: viewerIsModerator },
          { authorId: author.userId, photoOwnerId },
        )
  if (!may) throw new DarkroomError('forbidden', `You may not ${action} this comment.`)
}

/** Whether a comment may be deleted for being a moderator alone, which the staff is asked about once more. */
export const deletesAsModerator = (
  { userId }: { userId: UserId },
  { author, photoOwnerId }: FoundComment,
): boolean => !mayDeleteComment({ userId, isModerator: false }, { authorId: author.userId, photoOwnerId })
