import { z } from 'zod'
import { operation } from '../../operation.ts'
import { UserSchema } from '../accounts/schema.ts'
import { usersExample } from '../graph/examples.ts'
import { listOf, pageQuery, PhotoParams } from '../inputs.ts'

export const LikePhoto = operation({
  id: 'likePhoto',
  summary: 'Like a photo',
  description: 'Repeating it changes nothing.',
  params: PhotoParams,
  responses: { 204: null },
  errors: ['not_found'],
})

export const UnlikePhoto = operation({
  id: 'unlikePhoto',
  summary: 'Take back your like',
  description: 'Repeating it changes nothing.',
  params: PhotoParams,
  responses: { 204: null },
  errors: ['not_found'],
})

export const ListLikes = operation({
  id: 'listLikes',
  summary: 'List the users who like a photo, latest like first',
  description:
    'Without suspended accounts and those behind a block, so the list may be shorter than `likeCount`.',
  params: PhotoParams,
  query: z.strictObject(pageQuery),
  examples: { answer: usersExample },
  responses: { 200: listOf(UserSchema) },
  errors: ['not_found', 'bad_cursor'],
})
