import { z } from 'zod'
import { operation } from '../../operation.ts'
import { UserParams } from '../inputs.ts'

export const FollowUser = operation({
  id: 'followUser',
  summary: 'Follow a user, or request to follow a private account',
  params: UserParams,
  examples: { answer: { status: 'following' } },
  responses: { 200: z.object({ status: z.enum(['following', 'requested']) }) },
  errors: ['not_found', 'invalid'],
})

export const UnfollowUser = operation({
  id: 'unfollowUser',
  summary: 'Stop following a user',
  params: UserParams,
  responses: { 204: null },
  errors: ['not_found'],
})

export const RemoveFollower = operation({
  id: 'removeFollower',
  summary: 'Make a user stop following you',
  params: UserParams,
  responses: { 204: null },
  errors: ['not_found'],
})
