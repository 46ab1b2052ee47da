import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import { MAX_CHARACTERS } from '../../domain/limits.ts'
import { DELIVERY_STATES, type WebhookEvent } from '../../domain/webhooks.ts'
import type { Row } from '../row.ts'

/** Something that a webhook is to be told of, or was. Written by the transaction in which it happens, or by that of its notification. */
export const WebhookDelivery = defineEntity({
  name: 'WebhookDelivery',
  tableName: 'webhook_deliveries',
  properties: {
    deliveryId: p.uuid().primary().defaultRaw('uuidv7()'),
    /** Without a foreign key: whoever deletes a webhook does not wait for the rows of a storm. */
    webhookId: p.uuid(),
    event: p.string().length(MAX_CHARACTERS.webhookEvent).$type<WebhookEvent>(),
    actorId: p.bigint('string').nullable(),
    photoId: p.uuid().nullable(),
    albumId: p.uuid().nullable(),
    itemId: p.uuid().nullable(),
    state: p.enum(DELIVERY_STATES).default('queued'),
    /** Since it was queued. */
    attempts: p.integer().default(0),
    /** Of the last answer. */
    statusCode: p.smallint().nullable(),
    /** Why there was no answer, or why it was given up. */
    failureCode: p.string().length(MAX_CHARACTERS.failureCode).nullable(),
    /** The beginning of the last answer. */
    excerpt: p.string().length(MAX_CHARACTERS.answerExcerpt).nullable(),
    createdAt: p.datetime(3).defaultRaw('now()'),
    /** The same, until it is replayed. */
    queuedAt: p.datetime(3).defaultRaw('now()'),
    attemptedAt: p.datetime(3).nullable(),
  },
})
export type WebhookDelivery = InferEntity<typeof WebhookDelivery>
export type WebhookDeliveryRow = Row<typeof WebhookDelivery>
