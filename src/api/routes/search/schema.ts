import { z } from 'zod'
import { MAX_SEARCH_TEXT_CHARACTERS } from '../../../services/search/search-text.ts'
import { operation } from '../../operation.ts'
import { listOf, pageQuery, queryText } from '../inputs.ts'
import { photoFilters, tag } from './filters-schema.ts'
import { PhotoSchema } from '../photos/schema.ts'
import { photosExample } from '../photos/examples.ts'

export const SearchPhotos = operation({
  id: 'searchPhotos',
  summary: 'Search photos',
  description:
    'All words, "phrases" and #tags of `q` must match, and all filters. Of a photo of others, what its owner does not share is not found: ' +
    'neither its time, nor its camera and lens, nor its place. `total` counts at most the first 1,000 matches that you may see.',
  query: z.strictObject({
    ...pageQuery,
    q: queryText(0, MAX_SEARCH_TEXT_CHARACTERS)
      .optional()
      .meta({ description: 'A ligature counts as the letters that it stands for.' }),
    ...photoFilters,
    sort: z.enum(['relevance', 'recent']).optional(),
  }),
  examples: { answer: { ...photosExample, total: 37 } },
  responses: { 200: listOf(PhotoSchema).extend({ total: z.number().int() }) },
  errors: ['bad_cursor', 'not_found'],
})

export const ListTagPhotos = operation({
  id: 'listTagPhotos',
  summary: 'List photos with a tag, newest first',
  params: z.strictObject({
    tag: tag.refine((given) => !/[\0\uFFFD]/.test(given) && given.isWellFormed()),
  }),
  query: z.strictObject(pageQuery),
  examples: { answer: photosExample },
  responses: { 200: listOf(PhotoSchema) },
  errors: ['bad_cursor'],
})
