import type { z } from 'zod'
import type { Viewer } from '../../../domain/viewer.ts'
import type { ShownNotification } from '../../../services/notifications/notifications.ts'
import { presentAlbum } from '../albums/presenter.ts'
import { presentComment } from '../engagement/comment-presenter.ts'
import { presentOwner, type PresentPhoto } from '../photos/presenter.ts'
import type { NotificationSchema } from './schema.ts'

export function presentNotification(
  { notificationId, kind, actors, actorCount, photo, comment, album, latestAt, readAt }: ShownNotification,
  viewer: Viewer,
  presentPhoto: PresentPhoto,
): z.infer<typeof NotificationSchema> {
  return {
    id: notificationId,
    kind,
    actors: actors.map(presentOwner),
    actorCount,
    ...(photo ? { photo: presentPhoto(photo, viewer) } : {}),
    ...(comment ? { comment: presentComment(comment) } : {}),
    ...(album ? { album: presentAlbum(album, viewer, presentPhoto) } : {}),
    createdAt: latestAt.toISOString(),
    readAt: readAt?.toISOString() ?? null,
  }
}
