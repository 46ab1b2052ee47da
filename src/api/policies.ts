import { DarkroomError } from '../domain/errors.ts'
import type { UserId } from '../domain/ids.ts'
import type { PhotoCard } from '../services/photos/photo-cards.ts'

/**
 * Refuses what only a photo's owner may do. The photo was loaded with the viewer's right to see it, so a hidden one
 * answered 404 before.
 * @throws DarkroomError forbidden
 */
export function assertMay(
  viewer: { userId: UserId },
  action: 'edit' | 'delete' | 'follow progress of' | 'download the original of',
  photo: PhotoCard,
): void {
  if (photo.owner.userId !== viewer.userId) {
    throw new DarkroomError('forbidden', `Only its owner may ${action} a photo.`)
  }
}
