import { z } from 'zod'
import { MAX_CHARACTERS, MAX_ITEMS } from '../../../domain/limits.ts'
import { operation } from '../../operation.ts'
import { characters, instant, listOf, pageQuery } from '../inputs.ts'
import { newSubscriptionExample, subscriptionExample } from './examples.ts'

const SubscriptionSchema = z
  .object({
    id: z.string(),
    service: z.string().meta({ description: 'The host of the push service.' }),
    current: z.boolean().meta({ description: 'Of the device that asks.' }),
    createdAt: instant,
  })
  .meta({ id: 'PushSubscription' })

const endpoint = characters(1, MAX_CHARACTERS.pushEndpoint)
  .refine((given) => URL.canParse(given), 'Not a URL.')
  .transform((given) => new URL(given))
  .refine(({ href }) => href.length <= MAX_CHARACTERS.pushEndpoint, 'Too long.')
  .meta({ override: { type: 'string', format: 'uri', pattern: '^https://' } })

const bytes = (description: string, characters: number) =>
  z
    .string()
    .regex(new RegExp(`^[A-Za-z0-9_-]{${characters}}={0,2}$`), 'base64url expected.')
    .transform((given) => Buffer.from(given, 'base64url'))
    .meta({ description, override: { type: 'string', pattern: `^[A-Za-z0-9_-]{${characters}}={0,2}$` } })

export const AddPushSubscription = operation({
  id: 'addPushSubscription',
  summary: 'Have the device that asks told of notifications',
  description:
    'Of those kinds that you have pushed (`PATCH /me/notification-settings`), until its session ends. The body is what `PushSubscription.toJSON()` of the browser gives, ' +
    'made with `publicKey` of the list as `applicationServerKey`. The same endpoint again answers 200. ' +
    `Of ${MAX_ITEMS.pushSubscriptionsPerUser} devices; the oldest leave when others come.`,
  body: z.strictObject({
    endpoint,
    expirationTime: z.number().nullish().meta({ description: 'As browsers give it; it is not used.' }),
    keys: z.strictObject({
      p256dh: bytes('65 bytes: an uncompressed point of P-256, in base64url.', 87),
      auth: bytes('16 bytes, in base64url.', 22),
    }),
  }),
  examples: { body: newSubscriptionExample, answer: { subscription: subscriptionExample } },
  scope: 'none',
  responses: {
    200: z.object({ subscription: SubscriptionSchema }),
    201: z.object({ subscription: SubscriptionSchema }),
  },
  errors: ['blocked_address'],
})

export const ListPushSubscriptions = operation({
  id: 'listPushSubscriptions',
  summary: 'List your devices that are told of notifications, latest first',
  query: z.strictObject(pageQuery),
  examples: {
    answer: {
      publicKey: newSubscriptionExample.keys.p256dh,
      items: [subscriptionExample],
      nextCursor: null,
    },
  },
  scope: 'none',
  responses: {
    200: listOf(SubscriptionSchema).extend({
      publicKey: z.string().nullable().meta({
        description:
          'With which browsers subscribe, in base64url; null if this installation pushes nothing to browsers.',
      }),
    }),
  },
  errors: ['bad_cursor'],
})

export const RemovePushSubscription = operation({
  id: 'removePushSubscription',
  summary: 'Have a device told of nothing any more',
  body: z.strictObject({ endpoint }),
  examples: { body: { endpoint: newSubscriptionExample.endpoint } },
  scope: 'none',
  responses: { 204: null },
  errors: ['not_found'],
})
