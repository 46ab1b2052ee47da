import { z } from 'zod'
import { MAX_FOLLOWING } from '../../../domain/limits.ts'
import { operation } from '../../operation.ts'
import { UserParams } from '../inputs.ts'

export const FollowUser = operation({
  id: 'followUser',
  summary: 'Follow a user, or request to follow a private account',
  description: `An account may follow ${MAX_FOLLOWING} others, counting the requests that it has sent.`,
  params: UserParams,
  examples: { answer: { status: 'following' } },
  responses: { 200: z.object({ status: z.enum(['following', 'requested']) }) },
  errors: ['not_found', 'invalid', 'quota_exceeded'],
})

export const UnfollowUser = operation({
  id: 'unfollowUser',
  summary: 'Stop following a user, or withdraw your request',
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
