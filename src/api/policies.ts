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

/** The same for a comment, which its author may edit. @throws DarkroomError forbidden */
export function assertMayEditComment(viewer: { userId: UserId }, { author }: FoundComment): void {
  if (author.userId !== viewer.userId) throw new DarkroomError('forbidden', 'You may not edit this comment.')
}

/** Its author, the photo's owner and moderators may delete it. @throws DarkroomError forbidden */
export function assertMayDeleteComment(
  viewer: { userId: UserId; isModerator: boolean },
  { author, photoOwnerId }: FoundComment,
): void {
  if (!mayDeleteComment(viewer, { authorId: author.userId, photoOwnerId }))
    throw new DarkroomError('forbidden', 'You may not delete this comment.')
}
