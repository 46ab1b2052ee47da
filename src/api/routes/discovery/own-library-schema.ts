import { z } from 'zod'
import { MAX_ITEMS } from '../../../domain/limits.ts'
import { operation } from '../../operation.ts'
import { listOf, pageQuery, queryText, shownAs, shownDefault, wholeNumber } from '../inputs.ts'
import { photoExample } from '../photos/examples.ts'
import { PhotoSchema } from '../photos/schema.ts'
import { boundingBox } from '../search/filters-schema.ts'

const TimelineMonthSchema = z
  .object({ month: z.string().meta({ description: '`2024-05`' }), count: z.number().int() })
  .meta({ id: 'TimelineMonth' })

export const GetTimeline = operation({
  id: 'getTimeline',
  summary: 'List the months of your photos, with counts, latest first',
  description:
    'Of your published photos, by the local time at which each was taken; of those that do not say, by when they were published, in UTC.',
  query: z.strictObject(pageQuery),
  examples: {
    answer: {
      items: [
        { month: '2026-03', count: 41 },
        { month: '2025-12', count: 7 },
      ],
      nextCursor: null,
    },
  },
  responses: { 200: listOf(TimelineMonthSchema) },
  errors: ['bad_cursor'],
})

/** Tiles at most as large as a house. */
const MAX_ZOOM = 22

const MapClusterSchema = z
  .object({
    tile: z.string().meta({ description: '`zoom/column/row` of Web Mercator, counted from the north-west.' }),
    count: z.number().int(),
    latitude: z.number().meta({ description: 'The mean of the photos.' }),
    longitude: z.number(),
    photoId: z.string().meta({ description: 'The photo that was uploaded last; see `GET /photos?ids=`.' }),
  })
  .meta({ id: 'MapCluster' })

export const GetMap = operation({
  id: 'getMap',
  summary: 'Count your photos on the map, by tiles',
  description:
    'Of your published photos that have a location, shared or not; tiles with the most photos first. A client that draws tiles of 256 pixels gets ' +
    'finer clusters with a zoom that is one or two higher than that of its map.',
  query: z.strictObject({
    bbox: boundingBox,
    zoom: wholeNumber(0, MAX_ZOOM).meta({
      description: `The box may have at most ${MAX_ITEMS.tilesPerMap} tiles of it.`,
    }),
  }),
  examples: {
    answer: {
      items: [{ tile: '6/33/22', count: 12, latitude: 47.05, longitude: 8.31, photoId: photoExample.id }],
    },
  },
  responses: { 200: z.object({ items: z.array(MapClusterSchema) }) },
  errors: ['invalid'],
})

const MemorySchema = z
  .object({
    year: z.number().int(),
    count: z.number().int().meta({ description: 'How many photos of yours were taken on that day.' }),
    photos: z
      .array(PhotoSchema)
      .meta({ description: `The earliest ones, at most ${MAX_ITEMS.photosPerMemory}.` }),
  })
  .meta({ id: 'Memory' })

/** Nothing was photographed before. */
const FIRST_DAY = '1826-01-01'

export const ListMemories = operation({
  id: 'listMemories',
  summary: 'List your photos that were taken on this day of earlier years',
  description:
    'By the local time at which each was taken; years in groups, the latest first. Photos of 29 February also come on 28 February of years that ' +
    'have no 29th.',
  query: z.strictObject({
    ...pageQuery,
    limit: wholeNumber(1, MAX_ITEMS.memories)
      .default(MAX_ITEMS.memories)
      .meta(shownDefault(MAX_ITEMS.memories)),
    date: z.iso
      .date('A day: 2026-05-01.')
      .refine((given) => given >= FIRST_DAY, `Not before ${FIRST_DAY}.`)
      .meta({ description: 'Today, where the viewer is.', ...shownAs({ type: 'string', format: 'date' }) }),
  }),
  examples: { answer: { items: [{ year: 2024, count: 1, photos: [photoExample] }], nextCursor: null } },
  responses: { 200: listOf(MemorySchema) },
  errors: ['bad_cursor'],
})

/** A sentence; services cut longer texts. */
const MAX_CONTENT_CHARACTERS = 200

export const FindByContent = operation({
  id: 'findPhotosByContent',
  summary: 'Find your photos by what they show',
  description:
    'Your published photos whose pictures are nearest to what `q` says, the nearest first; there is no end where they stop to fit. Only where the service is set up with an embedder ' +
    '(422 without one), and of photos that it has looked at.',
  query: z.strictObject({
    q: queryText(1, MAX_CONTENT_CHARACTERS).meta({ description: 'A boat at sunset.' }),
    limit: pageQuery.limit,
  }),
  examples: { answer: { items: [{ ...photoExample, nearness: 0.31 }] } },
  responses: {
    200: z.object({
      items: z.array(
        PhotoSchema.extend({
          nearness: z.number().meta({ description: 'The cosine of the angle between the two, -1 to 1.' }),
        }),
      ),
    }),
  },
  errors: ['invalid'],
})
