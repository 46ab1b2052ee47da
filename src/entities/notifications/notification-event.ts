import { defineEntity, p, type InferEntity } from '@mikro-orm/core'

/**
 * Something that has happened and of which an account is still to be told: the outbox of notifications. Written by the
 * transaction in which it happens, deleted by the one that writes the notification.
 */
export const NotificationEvent = defineEntity({
  name: 'NotificationEvent',
  tableName: 'notification_events',
  properties: {
    /** Of the recipient; Postgres computes it. */
    writer: p.smallint().generated('notification_writer(recipient_id)').primary(),
    eventId: p.bigint('string').primary().autoincrement(),
    recipientId: p.bigint('string'),
    /** The first one that the recipient wants to hear of is written. */
    kinds: p.array(),
    actorId: p.bigint('string').nullable(),
    photoId: p.uuid().nullable(),
    albumId: p.uuid().nullable(),
    /** The new comment, or the item of a drop box. */
    itemId: p.uuid().nullable(),
    createdAt: p.datetime(3).defaultRaw('now()'),
  },
})
export type NotificationEvent = InferEntity<typeof NotificationEvent>
