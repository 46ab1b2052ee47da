import { z } from 'zod'
import { operation } from '../../operation.ts'
import { listOf, pageQuery } from '../inputs.ts'
import { PhotoSchema } from '../photos/schema.ts'
import { photosExample } from '../photos/examples.ts'

export const GetFeed = operation({
  id: 'getFeed',
  summary: 'List photos from the accounts you follow and your own, newest first, to the very end',
  query: z.strictObject(pageQuery),
  examples: { answer: photosExample },
  responses: { 200: listOf(PhotoSchema) },
  errors: ['bad_cursor'],
})
