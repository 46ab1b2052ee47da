import { z } from 'zod'
import { MAX_CHARACTERS, MAX_ITEMS } from '../../../domain/limits.ts'
import { SCOPES } from '../../../domain/scopes.ts'
import { operation } from '../../operation.ts'
import { futureInstant, idOf, instant, listOf, pageQuery, title } from '../inputs.ts'
import { personalTokenExample } from './examples.ts'

const PersonalTokenSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    scopes: z.array(z.enum(SCOPES)),
    createdAt: instant,
    expiresAt: instant.nullable(),
    lastUsedAt: instant.nullable().meta({ description: 'To within five minutes.' }),
  })
  .meta({ id: 'PersonalToken' })

export const CreateToken = operation({
  id: 'createToken',
  summary: 'Make a personal access token',
  description:
    'For a program that acts for you: `Authorization: Bearer <secret>`. Each operation names the scopes of which it needs one; passwords, devices ' +
    'and tokens themselves are for signed-in devices alone. The secret is shown this once.',
  body: z.strictObject({
    name: title(MAX_CHARACTERS.tokenName),
    scopes: z
      .array(z.enum(SCOPES))
      .min(1)
      .max(SCOPES.length)
      .refine((scopes) => new Set(scopes).size === scopes.length, 'Each once.')
      .meta({ override: { uniqueItems: true } }),
    expiresAt: futureInstant
      .nullish()
      .meta({ description: 'null: it does not expire.', override: { format: 'date-time' } }),
  }),
  examples: {
    body: { name: 'Nightly upload', scopes: ['upload'], expiresAt: null },
    answer: { token: personalTokenExample, secret: 'darkroom_Jb3sV1m0p7Qx2cE9kLr5tYw8Jb3sV1m0p7Qx2cE9kLr' },
  },
  gives: { tokenId: '/token/id' },
  scope: 'none',
  responses: { 201: z.object({ token: PersonalTokenSchema, secret: z.string() }) },
  errors: ['quota_exceeded'],
})

export const ListTokens = operation({
  id: 'listTokens',
  summary: 'List your personal access tokens, latest first',
  description: `At most ${MAX_ITEMS.tokensPerUser}; those that have expired too, until you delete them.`,
  query: z.strictObject(pageQuery),
  examples: { answer: { items: [personalTokenExample], nextCursor: null } },
  scope: 'none',
  responses: { 200: listOf(PersonalTokenSchema) },
  errors: ['bad_cursor'],
})

export const DeleteToken = operation({
  id: 'deleteToken',
  summary: 'Delete a personal access token',
  description: 'It is refused from then on.',
  params: z.strictObject({ tokenId: idOf('token') }),
  scope: 'none',
  responses: { 204: null },
  errors: ['not_found'],
})
