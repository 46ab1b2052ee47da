import { defineEntity, p, type InferEntity } from '@mikro-orm/core'

/** A device that is still to be told of a notification. Written with the notification, deleted once it is told or has nothing to know. */
export const OwedPush = defineEntity({
  name: 'OwedPush',
  tableName: 'owed_pushes',
  properties: {
    subscriptionId: p.uuid().primary(),
    notificationId: p.bigint('string').primary(),
    recipientId: p.bigint('string'),
    /** Of the recipient; Postgres computes it. */
    writer: p.smallint().generated('notification_writer(recipient_id)'),
    attempts: p.integer().default(0),
    /** Not before; whoever takes it moves it on first. */
    dueAt: p.datetime(3).defaultRaw('now()'),
    createdAt: p.datetime(3).defaultRaw('now()'),
  },
})
export type OwedPush = InferEntity<typeof OwedPush>
