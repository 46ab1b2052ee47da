import { z } from 'zod'
import { MAX_SEARCH_TEXT_CHARACTERS } from '../../../services/search/search-text.ts'
import { operation } from '../../operation.ts'
import { listOf, pageQuery, queryText } from '../inputs.ts'
import { searchExample } from './examples.ts'
import { facetQuery, photoFilters, tag } from './filters-schema.ts'
import { PhotoSchema } from '../photos/schema.ts'
import { photosExample } from '../photos/examples.ts'

const FacetValue = z.object({ value: z.string(), count: z.number().int() })
const FacetTile = z.object({
  tile: z.string().meta({ description: '`zoom/x/y`, as in URLs of map tiles.' }),
  count: z.number().int(),
  latitude: z.number().meta({ description: 'Of the centre of its photos.' }),
  longitude: z.number(),
})

const Facets = z.object({
  tags: z.array(FacetValue).optional(),
  years: z
    .array(FacetValue)
    .optional()
    .meta({ description: 'In which photos were taken, the latest first.' }),
  cameras: z.array(FacetValue).optional(),
  places: z.array(FacetValue).optional().meta({ description: 'Cities with their countries, for `place`.' }),
  tiles: z.array(FacetTile).optional(),
})

const Highlights = z
  .array(
    z.object({
      field: z.enum(['caption', 'altText']),
      ranges: z.array(z.array(z.number().int()).length(2)),
    }),
  )
  .meta({
    description:
      'Where these texts have what was asked for: from and to in code points, the second exclusive. At most 50 ranges a text.',
  })

const found = {
  total: z.number().int(),
  facets: Facets.optional().meta({
    description:
      'Of all matches that you may see; on the first page, if asked for. At most 20 values each, and 500 tiles.',
  }),
  didYouMean: z.string().nullable().meta({
    description:
      'A `q` that finds photos, if this one finds none and words of photos that you may see are like it.',
  }),
}

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
    ...facetQuery,
    sort: z.enum(['relevance', 'recent']).optional(),
  }),
  examples: { answer: searchExample },
  responses: { 200: listOf(PhotoSchema.extend({ highlights: Highlights })).extend(found) },
  errors: ['bad_cursor', 'cursor_expired', 'not_found'],
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
  errors: ['bad_cursor', 'cursor_expired'],
})
