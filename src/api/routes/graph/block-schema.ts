import { z } from 'zod'
import { operation } from '../../operation.ts'
import { UserSchema } from '../accounts/schema.ts'
import { otherUserExample, userExample } from '../accounts/examples.ts'
import { futureInstant, instant, listOf, pageQuery, UserParams } from '../inputs.ts'
import { usersExample } from './examples.ts'

export const BlockUser = operation({
  id: 'blockUser',
  summary: 'Block a user',
  description:
    'Hides the two of you from each other everywhere, at once, and ends follows and requests both ways. To them, you do ' +
    'not exist.',
  params: UserParams,
  responses: { 204: null },
  errors: ['not_found', 'invalid'],
})

export const UnblockUser = operation({
  id: 'unblockUser',
  summary: 'End your block of a user',
  description: 'Restores no follow. If they block you too, you stay hidden from each other.',
  params: UserParams,
  responses: { 204: null },
  errors: ['not_found'],
})

export const ListBlocks = operation({
  id: 'listBlocks',
  summary: 'List the accounts that you block, latest first',
  description: 'Suspended accounts are among them, so that every block can be ended.',
  query: z.strictObject(pageQuery),
  examples: { answer: usersExample },
  responses: { 200: listOf(UserSchema) },
  errors: ['bad_cursor'],
})

export const MuteUser = operation({
  id: 'muteUser',
  summary: 'Mute a user, for good or for a time',
  description:
    'Keeps their photos out of your feed, and them out of your notifications. Without a body, the mute stays until you end it; ' +
    'another request replaces it.',
  params: UserParams,
  body: z
    .strictObject({
      until: futureInstant
        .nullable()
        .optional()
        .meta({ description: 'When the mute runs out; null or absent: when you end it.' }),
    })
    .optional(),
  examples: { body: { until: '2099-01-31T08:00:00Z' } },
  responses: { 204: null },
  errors: ['not_found', 'invalid'],
})

export const UnmuteUser = operation({
  id: 'unmuteUser',
  summary: 'End your mute of a user',
  params: UserParams,
  responses: { 204: null },
  errors: ['not_found'],
})

const MutedUserSchema = UserSchema.extend({
  until: instant.nullable().meta({ description: 'When the mute runs out; null: when you end it.' }),
}).meta({ id: 'MutedUser' })

export const ListMutes = operation({
  id: 'listMutes',
  summary: 'List the accounts that you mute, latest first',
  query: z.strictObject(pageQuery),
  examples: {
    answer: {
      items: [
        { ...userExample, until: '2099-01-31T08:00:00.000Z' },
        { ...otherUserExample, until: null },
      ],
      nextCursor: null,
    },
  },
  responses: { 200: listOf(MutedUserSchema) },
  errors: ['bad_cursor'],
})
