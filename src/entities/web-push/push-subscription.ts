import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import { MAX_CHARACTERS } from '../../domain/limits.ts'
import type { Row } from '../row.ts'

/** Where the browser of a device is told of notifications, as long as its session lasts. */
export const PushSubscription = defineEntity({
  name: 'PushSubscription',
  tableName: 'push_subscriptions',
  properties: {
    subscriptionId: p.uuid().primary(),
    userId: p.bigint('string'),
    sessionId: p.uuid(),
    /** Whoever knows it can send to it. */
    endpoint: p.string().length(MAX_CHARACTERS.pushEndpoint).unique(),
    p256dh: p.blob().$type<Buffer>(),
    auth: p.blob().$type<Buffer>(),
    createdAt: p.datetime(3).defaultRaw('now()'),
  },
})
export type PushSubscription = InferEntity<typeof PushSubscription>
export type PushSubscriptionRow = Row<typeof PushSubscription>
