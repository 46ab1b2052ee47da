import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import { NOTIFICATION_KINDS } from '../../domain/notifications.ts'
import type { Row } from '../row.ts'

/**
 * What an account is told of: one kind of thing about one subject, done by one account or many. An account has at most one
 * that is unread of each kind and subject.
 */
export const Notification = defineEntity({
  name: 'Notification',
  tableName: 'notifications',
  properties: {
    notificationId: p.bigint('string').primary().autoincrement(),
    recipientId: p.bigint('string'),
    kind: p.enum(NOTIFICATION_KINDS),
    photoId: p.uuid().nullable(),
    /** Of a reply, the comment that it answers; of a mention, the comment that makes it. */
    commentId: p.uuid().nullable(),
    albumId: p.uuid().nullable(),
    /** Comment, photo or album, whichever is the first to be set; Postgres computes it. */
    subjectId: p.uuid().generated('notification_subject(comment_id, photo_id, album_id)'),
    /** All that it was ever told of, those who have taken it back too. */
    actorCount: p.integer().default(0),
    /** When the latest of it was written. It orders the list, and the event what was written at the same moment. */
    latestAt: p.datetime(3),
    latestEventId: p.bigint('string'),
    readAt: p.datetime(3).nullable(),
    /** When devices were last owed a push of it. */
    pushedAt: p.datetime(3).nullable(),
  },
})
export type Notification = InferEntity<typeof Notification>
export type NotificationRow = Row<typeof Notification>
