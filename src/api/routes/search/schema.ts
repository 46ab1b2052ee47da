import { z } from 'zod'
import { MAX_CHARACTERS } from '../../../domain/limits.ts'
import { MAX_SEARCH_TEXT_CHARACTERS } from '../../../services/search/search-text.ts'
import { operation } from '../../operation.ts'
import { listOf, pageQuery, queryText, USERNAME } from '../inputs.ts'
import { PhotoSchema } from '../photos/schema.ts'
import { photosExample } from '../photos/examples.ts'

/** An instant with an offset, or a day, which starts at midnight UTC. */
const instantOrDay = z
  .union(
    [z.iso.datetime({ offset: true }), z.iso.date()],
    'An ISO 8601 date, or a date and time with an offset.',
  )
  .transform((given) => new Date(given))

/** A tag as written, with its sign. */
const tag = queryText(1, MAX_CHARACTERS.tagDisplay + 1)

export const SearchPhotos = operation({
  id: 'searchPhotos',
  summary: 'Search photos by words and tags',
  description:
    'All words, "phrases" and #tags must match. `total` counts at most the first 1,000 matches that you may see.',
  query: z.strictObject({
    ...pageQuery,
    q: queryText(0, MAX_SEARCH_TEXT_CHARACTERS)
      .optional()
      .meta({ description: 'A ligature counts as the letters that it stands for.' }),
    tag: tag.optional().meta({ description: 'With or without #, in any case and with or without accents.' }),
    user: z.string().regex(USERNAME, 'A username.').optional(),
    from: instantOrDay.optional().meta({ description: 'Published at or after.' }),
    to: instantOrDay.optional().meta({ description: 'Published before.' }),
    sort: z.enum(['relevance', 'recent']).optional(),
  }),
  examples: { answer: { ...photosExample, total: 37 } },
  responses: { 200: listOf(PhotoSchema).extend({ total: z.number().int() }) },
  errors: ['bad_cursor'],
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
