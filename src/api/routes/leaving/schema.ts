import { z } from 'zod'
import { ERASURE_STORES, NAME_RESERVED_DAYS, RECEIPT_DAYS } from '../../../domain/leaving.ts'
import { operation } from '../../operation.ts'
import { presenceExample, PresenceProofSchema } from '../accounts/presence-schema.ts'
import { idOf, instant } from '../inputs.ts'
import { erasureExample, requestedErasureExample } from './examples.ts'

export const Deactivate = operation({
  id: 'deactivate',
  scope: 'none',
  whileSuspended: true,
  summary: 'Deactivate your account',
  description:
    'Hides the account, its photos, albums, share links, likes and comments from everyone, and signs every device out. Nothing is deleted: ' +
    'signing in brings all of it back as it was. Personal access tokens are refused meanwhile. A wrong proof is 422 `invalid`.',
  body: PresenceProofSchema,
  examples: { body: presenceExample },
  responses: { 204: null },
})

export const EraseAccount = operation({
  id: 'eraseAccount',
  scope: 'none',
  whileSuspended: true,
  summary: 'Leave for good',
  description:
    'Hides the account at once, as `POST /me/deactivate` does, and has all of it erased from `startsAt` on. Signing in before stops that and brings ' +
    'it back; afterwards, sign-ins answer 409 `erasing`. Keep `id` and `secret`, which is shown this once: they read the receipt (`GET /me/erasure`). The ' +
    `username stays reserved for ${NAME_RESERVED_DAYS} days. A wrong proof is 422 \`invalid\`.`,
  body: PresenceProofSchema,
  examples: { body: presenceExample, answer: { erasure: requestedErasureExample } },
  responses: {
    202: z.object({ erasure: z.object({ id: z.string(), startsAt: instant, secret: z.string() }) }),
  },
})

const ErasureSchema = z
  .object({
    id: z.string(),
    state: z.enum(['waiting', 'running', 'done']),
    requestedAt: instant,
    startsAt: instant,
    completedAt: instant.nullable(),
    expiresAt: instant.nullable().meta({
      description: `Until when the receipt can be read: ${RECEIPT_DAYS} days after it is complete.`,
    }),
    stores: z
      .array(
        z.object({
          store: z.enum(ERASURE_STORES),
          removed: z.array(
            z.object({
              what: z.string(),
              count: z.number().int(),
              verifiedAt: instant.nullable().meta({
                description:
                  'When everything was looked at again and nothing of it was found; null until then.',
              }),
            }),
          ),
        }),
      )
      .meta({ description: 'What was removed from each store; `postgres` by table.' }),
    kept: z
      .array(
        z.object({
          what: z.string(),
          count: z.number().int(),
          why: z.string(),
          until: instant.nullable().meta({ description: 'null where it has no end that could be told.' }),
        }),
      )
      .meta({ description: 'What stays, and why.' }),
  })
  .meta({ id: 'AccountErasure' })

export const GetErasure = operation({
  id: 'getErasure',
  summary: 'Get the receipt of an account that was left for good',
  description:
    'For everyone who has the id and the secret of `DELETE /me`, as the account is gone. A wrong secret answers as an unknown id does.',
  query: z.strictObject({ id: idOf('erasure') }),
  headers: z.object({
    'X-Erasure-Secret': z.string().meta({ description: 'The `secret` of `DELETE /me`.' }),
  }),
  examples: { answer: { erasure: erasureExample } },
  responses: { 200: z.object({ erasure: ErasureSchema }) },
  errors: ['not_found'],
})
