import { z } from 'zod'
import { MAX_CHARACTERS, MAX_ITEMS } from '../../../domain/limits.ts'
import {
  DELIVERY_HOURS,
  DELIVERY_STATES,
  DISABLED_REASONS,
  PREVIOUS_SECRET_HOURS,
  WEBHOOK_EVENTS,
  type WebhookEvent,
} from '../../../domain/webhooks.ts'
import { operation } from '../../operation.ts'
import { atLeastOneField, characters, flag, idOf, instant, listOf, pageQuery } from '../inputs.ts'
import { deliveryExample, webhookExample } from './examples.ts'

const event = z.enum(WEBHOOK_EVENTS as [WebhookEvent, ...WebhookEvent[]]).meta({
  description:
    'What happened; see docs/webhooks.md. Receivers should pass over events that they do not know.',
})

const WebhookSchema = z
  .object({
    id: z.string(),
    url: z.string(),
    events: z.array(event),
    enabled: z.boolean(),
    disabledReason: z.enum(DISABLED_REASONS).nullable().meta({
      description:
        '`owner`: you have turned it off. `gone`: the receiver answered 410. `failing`: it has failed for days.',
    }),
    failingSince: instant
      .nullable()
      .meta({ description: 'The first attempt that failed since the last one that did not.' }),
    previousSecretsUntil: instant.nullable().meta({
      description: 'Until then, secrets from before the last rotation sign as well.',
    }),
    createdAt: instant,
  })
  .meta({ id: 'Webhook' })

const DeliverySchema = z
  .object({
    id: z.string(),
    messageId: z.string().meta({ description: 'The `webhook-id` that the receiver got.' }),
    event: event,
    state: z.enum(DELIVERY_STATES).meta({
      description: `\`queued\`: its turn is to come. \`under_way\`: it is tried, for at most ${DELIVERY_HOURS} hours.`,
    }),
    attempts: z.number().int().meta({ description: 'Since it was queued, or replayed.' }),
    statusCode: z.number().int().nullable().meta({ description: 'Of the last answer.' }),
    failure: z
      .string()
      .nullable()
      .meta({
        description:
          'Why there was none: `blocked_address`, `unresolved`, `timeout`, `tls`, `connection_refused` or `connection_failed`; or why it was given up: ' +
          '`disabled`, or `expired` where it waited behind others for too long.',
      }),
    excerpt: z.string().nullable().meta({ description: 'The beginning of the last answer.' }),
    createdAt: instant.meta({ description: 'When it happened. ISO 8601, UTC.' }),
    attemptedAt: instant.nullable(),
  })
  .meta({ id: 'WebhookDelivery' })

const WebhookParams = z.strictObject({ webhookId: idOf('webhook') })

const url = characters(1, MAX_CHARACTERS.webhookUrl)
  .refine((given) => URL.canParse(given), 'Not a URL.')
  .transform((given) => new URL(given))
  .refine(({ href }) => href.length <= MAX_CHARACTERS.webhookUrl, 'Too long.')
  .meta({
    description:
      'https, to an address of the public internet, port 443, without user name and password. Redirects are not followed.',
    override: { type: 'string', format: 'uri', pattern: '^https://' },
  })

const events = z
  .array(event)
  .min(1)
  .max(WEBHOOK_EVENTS.length)
  .refine((given) => new Set(given).size === given.length, 'Each once.')
  .meta({ override: { uniqueItems: true } })

export const CreateWebhook = operation({
  id: 'createWebhook',
  summary: 'Have an address told what happens to your account',
  description:
    'Messages have ids alone, and are signed after Standard Webhooks (https://www.standardwebhooks.com) with the secret, which is shown this once. ' +
    `At most ${MAX_ITEMS.webhooksPerUser}.`,
  body: z.strictObject({ url, events }),
  examples: {
    body: { url: webhookExample.url, events: webhookExample.events },
    answer: { webhook: webhookExample, secret: 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDazfZ0hXL3QE=' },
  },
  gives: { webhookId: '/webhook/id' },
  scope: 'none',
  responses: { 201: z.object({ webhook: WebhookSchema, secret: z.string() }) },
  errors: ['blocked_address', 'quota_exceeded'],
})

export const ListWebhooks = operation({
  id: 'listWebhooks',
  summary: 'List your webhooks, latest first',
  query: z.strictObject(pageQuery),
  examples: { answer: { items: [webhookExample], nextCursor: null } },
  scope: 'none',
  responses: { 200: listOf(WebhookSchema) },
  errors: ['bad_cursor'],
})

export const GetWebhook = operation({
  id: 'getWebhook',
  summary: 'Get a webhook of yours',
  params: WebhookParams,
  examples: { answer: { webhook: webhookExample } },
  scope: 'none',
  responses: { 200: z.object({ webhook: WebhookSchema }) },
  errors: ['not_found'],
})

export const UpdateWebhook = operation({
  id: 'updateWebhook',
  summary: 'Change a webhook',
  description:
    'Another address, and `enabled: true`, begin with a clean slate. While it is disabled nothing is queued for it. The secret stays; `POST …/secret` gives it another one.',
  params: WebhookParams,
  body: atLeastOneField(
    z.strictObject({ url: url.optional(), events: events.optional(), enabled: z.boolean().optional() }),
  ),
  examples: { body: { enabled: true }, answer: { webhook: webhookExample } },
  scope: 'none',
  responses: { 200: z.object({ webhook: WebhookSchema }) },
  errors: ['not_found', 'blocked_address'],
})

export const RotateSecret = operation({
  id: 'rotateWebhookSecret',
  summary: 'Give a webhook another secret',
  description:
    `The new one is shown this once. For ${PREVIOUS_SECRET_HOURS} hours messages carry the signatures of those before it too, so that receivers can change over; ` +
    'with `endPrevious=true` they end at once, as for a secret that somebody else has got hold of.',
  params: WebhookParams,
  query: z.strictObject({ endPrevious: flag('End the secrets of before at once.') }),
  examples: {
    answer: {
      webhook: { ...webhookExample, previousSecretsUntil: '2026-03-10T19:45:00.000Z' },
      secret: 'whsec_u7pQvX0JtYb1hOe6kZ3rWc9mLd2sGf5nAi8xTq4yRzE=',
    },
  },
  scope: 'none',
  responses: { 201: z.object({ webhook: WebhookSchema, secret: z.string() }) },
  errors: ['not_found'],
})

export const DeleteWebhook = operation({
  id: 'deleteWebhook',
  summary: 'Delete a webhook',
  description: 'With all that it was still to be told.',
  params: WebhookParams,
  scope: 'none',
  responses: { 204: null },
  errors: ['not_found'],
})

export const ListDeliveries = operation({
  id: 'listWebhookDeliveries',
  summary: 'List what a webhook was told, or is to be, latest first',
  description: `Of 7 days, and those that are over up to ${MAX_ITEMS.keptPerWebhook}. If more than ${MAX_ITEMS.queuedPerWebhook} wait, the oldest of them leave.`,
  params: WebhookParams,
  query: z.strictObject(pageQuery),
  examples: { answer: { items: [deliveryExample], nextCursor: null } },
  gives: { deliveryId: '/items/0/id' },
  scope: 'none',
  responses: { 200: listOf(DeliverySchema) },
  errors: ['not_found', 'bad_cursor'],
})

export const ReplayDelivery = operation({
  id: 'replayWebhookDelivery',
  summary: 'Send a message once more',
  description:
    'Under the same `webhook-id`, and as often as a new one if it fails. Not while the webhook is disabled (422).',
  params: z.strictObject({ webhookId: idOf('webhook'), deliveryId: idOf('delivery') }),
  examples: { answer: { delivery: deliveryExample } },
  scope: 'none',
  responses: { 202: z.object({ delivery: DeliverySchema }) },
  errors: ['not_found'],
})
