import { z } from 'zod'
import { operation } from '../../operation.ts'
import { UserSchema } from '../accounts/schema.ts'
import { listOf, pageQuery, UserParams } from '../inputs.ts'
import { usersExample } from './examples.ts'

export const ListFollowRequests = operation({
  id: 'listFollowRequests',
  summary: 'List the accounts that ask to follow you, latest first',
  query: z.strictObject(pageQuery),
  examples: { answer: usersExample },
  responses: { 200: listOf(UserSchema) },
  errors: ['bad_cursor'],
})

export const ApproveFollowRequest = operation({
  id: 'approveFollowRequest',
  summary: 'Let an account that asks follow you',
  description: 'Answers 404 if they neither ask nor follow you.',
  params: UserParams,
  responses: { 204: null },
  errors: ['not_found'],
})

export const DeclineFollowRequest = operation({
  id: 'declineFollowRequest',
  summary: 'Decline a request to follow you',
  description: 'The other account is not told, and may ask again.',
  params: UserParams,
  responses: { 204: null },
  errors: ['not_found'],
})
