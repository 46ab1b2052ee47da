import type { z } from 'zod'
import type { Viewer } from '../../../domain/viewer.ts'
import type { ShownNotification } from '../../../services/notifications/notifications.ts'
import { presentAlbum } from '../albums/presenter.ts'
import { presentComment } from '../engagement/comment-presenter.ts'
import type { PresentPeople } from '../accounts/presenter.ts'
import type { PresentPhoto } from '../photos/presenter.ts'
import type { NotificationSchema } from './schema.ts'

export function presentNotification(
  { notificationId, kind, actors, actorCount, photo, comment, album, latestAt, readAt }: ShownNotification,
  { viewer, people }: { viewer: Viewer; people: PresentPeople },
  presentPhoto: PresentPhoto,
): z.infer<typeof NotificationSchema> {
  return {
    id: notificationId,
    kind,
    actors: actors.map(people.owner),
    actorCount,
    ...(photo ? { photo: presentPhoto(photo, viewer) } : {}),
    ...(comment ? { comment: presentComment(comment, people) } : {}),
    ...(album ? { album: presentAlbum(album, { viewer, people }, presentPhoto) } : {}),
    createdAt: latestAt.toISOString(),
    readAt: readAt?.toISOString() ?? null,
  }
}
