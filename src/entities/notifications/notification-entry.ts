import { defineEntity, p, type InferEntity } from '@mikro-orm/core'

/** Something that a notification tells of: an account that did it, with the comment or the item of a drop box if there is one. */
export const NotificationEntry = defineEntity({
  name: 'NotificationEntry',
  tableName: 'notification_entries',
  properties: {
    notificationId: p.bigint('string').primary(),
    /** That of the event, which orders the entries. */
    eventId: p.bigint('string').primary(),
    /** Null: a guest without an account. */
    actorId: p.bigint('string').nullable(),
    itemId: p.uuid().nullable(),
  },
})
export type NotificationEntry = InferEntity<typeof NotificationEntry>
