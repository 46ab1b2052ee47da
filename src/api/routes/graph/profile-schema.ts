import { z } from 'zod'
import { operation } from '../../operation.ts'
import { UserSchema } from '../accounts/schema.ts'
import { listOf, pageQuery, UserParams } from '../inputs.ts'
import { profileExample, usersExample } from './examples.ts'

export const ProfileSchema = UserSchema.extend({
  photoCount: z.number().int(),
  followerCount: z.number().int(),
  followingCount: z.number().int(),
  relationship: z.object({
    following: z.boolean(),
    requested: z.boolean(),
    followedBy: z.boolean(),
    blocking: z.boolean(),
    muting: z.boolean(),
  }),
}).meta({ id: 'Profile' })

export const GetProfile = operation({
  id: 'getProfile',
  summary: 'Get a user, with counts and your relationship to them',
  params: UserParams,
  examples: { answer: { user: profileExample } },
  responses: { 200: z.object({ user: ProfileSchema }) },
  errors: ['not_found'],
})

export const ListFollowers = operation({
  id: 'listFollowers',
  summary: 'List the followers of a user, newest first',
  params: UserParams,
  query: z.strictObject(pageQuery),
  examples: { answer: usersExample },
  responses: { 200: listOf(UserSchema) },
  errors: ['not_found', 'account_private', 'bad_cursor'],
})

export const ListFollowing = operation({
  id: 'listFollowing',
  summary: 'List the accounts that a user follows, newest first',
  params: UserParams,
  query: z.strictObject(pageQuery),
  examples: { answer: usersExample },
  responses: { 200: listOf(UserSchema) },
  errors: ['not_found', 'account_private', 'bad_cursor'],
})
