import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import { MAX_CHARACTERS } from '../../domain/limits.ts'
import { DISABLED_REASONS, type WebhookEvent } from '../../domain/webhooks.ts'
import type { Row } from '../row.ts'

/** An address that is told what happens to an account. Its secrets are not stored: they derive from its id. */
export const Webhook = defineEntity({
  name: 'Webhook',
  tableName: 'webhooks',
  properties: {
    webhookId: p.uuid().primary(),
    userId: p.bigint('string'),
    url: p.string().length(MAX_CHARACTERS.webhookUrl),
    events: p.array().$type<WebhookEvent[]>(),
    createdAt: p.datetime(3).defaultRaw('now()'),
    /** Of the secret that it has now; the first is 1. */
    secretGeneration: p.integer().default(1),
    /** Its secrets from this generation on sign as well, until `previousSecretsUntil`. */
    oldestGeneration: p.integer().default(1),
    previousSecretsUntil: p.datetime(3).nullable(),
    /** When the first attempt failed since the last one that did not. */
    failingSince: p.datetime(3).nullable(),
    /** Nothing is queued for it since then. */
    disabledAt: p.datetime(3).nullable(),
    disabledReason: p.enum(DISABLED_REASONS).nullable(),
    /** The delivery that ended it, which its owner is told of. */
    disabledBy: p.uuid().nullable(),
  },
})
export type Webhook = InferEntity<typeof Webhook>
export type WebhookRow = Row<typeof Webhook>
