import { z } from 'zod'
import { COLOURS } from '../../../domain/colours.ts'
import { MAX_CHARACTERS } from '../../../domain/limits.ts'
import { ORIENTATIONS } from '../../../domain/orientation.ts'
import { FACETS, type Facet } from '../../../domain/facets.ts'
import { idOf, queryText, shownAs, USERNAME, wholeNumber } from '../inputs.ts'

/** An instant with an offset, or a day, which starts at midnight UTC. */
const instantOrDay = z
  .union(
    [z.iso.datetime({ offset: true }), z.iso.date()],
    'An ISO 8601 date, or a date and time with an offset.',
  )
  .transform((given) => new Date(given))

/** What a clock showed where the photo was taken, or a day there. */
const localTime = z
  .union(
    [z.iso.datetime({ local: true, offset: false }).regex(/[^Z]$/), z.iso.date()],
    'An ISO 8601 date, or a date and time without an offset.',
  )
  .transform((given) => new Date(given.length > DAY_LENGTH ? `${given}Z` : given))
const DAY_LENGTH = '2026-01-01'.length

const DEGREES = String.raw`[+-]?[0-9]{1,3}(\.[0-9]{1,15})?`
const POINT = `^${DEGREES},${DEGREES}$`
const BOX = `^${DEGREES}(,${DEGREES}){3}$`

const isLatitude = (degrees: number | undefined) => degrees !== undefined && Math.abs(degrees) <= 90
const isLongitude = (degrees: number | undefined) => degrees !== undefined && Math.abs(degrees) <= 180

const point = z
  .string()
  .regex(new RegExp(POINT), 'A latitude and a longitude in degrees: 47.05,8.31.')
  .transform((given) => given.split(',').map(Number))
  .refine(([latitude]) => isLatitude(latitude), 'The latitude is from -90 to 90.')
  .refine(([, longitude]) => isLongitude(longitude), 'The longitude is from -180 to 180.')
  .transform(([latitude, longitude]) => ({ latitude: latitude!, longitude: longitude! }))
  .meta({ description: '`latitude,longitude` in degrees.', ...shownAs({ type: 'string', pattern: POINT }) })

const MAX_RADIUS_KM = 5_000

/** Half a metre is finer than what cameras know. */
const radius = z
  .string()
  .regex(/^[0-9]{1,4}(\.[0-9]{1,3})?$/, 'A number of km.')
  .transform(Number)
  .refine((km) => km > 0, 'More than 0.')
  .refine((km) => km <= MAX_RADIUS_KM, `At most ${MAX_RADIUS_KM}.`)
  .meta({
    description: 'Around `near`, in km; 10 without it.',
    ...shownAs({ type: 'number', exclusiveMinimum: 0, maximum: MAX_RADIUS_KM }),
  })

/** -180 and 180 are one meridian, so that a box between them has no width, or is all around. */
const hasWidth = ([west, , east]: number[]) => west !== east && !(west === 180 && east === -180)

export const boundingBox = z
  .string()
  .regex(new RegExp(BOX), 'Four numbers of degrees: west,south,east,north.')
  .transform((given) => given.split(',').map(Number))
  .refine(([west, , east]) => isLongitude(west) && isLongitude(east), 'Longitudes are from -180 to 180.')
  .refine(([, south, , north]) => isLatitude(south) && isLatitude(north), 'Latitudes are from -90 to 90.')
  .refine(([, south, , north]) => south! < north!, 'South must be less than north.')
  .refine(hasWidth, 'West and east must differ.')
  .transform(([west, south, east, north]) => ({ west: west!, south: south!, east: east!, north: north! }))
  .meta({
    description:
      '`west,south,east,north` in degrees. It crosses the 180th meridian if west is greater than east.',
    ...shownAs({ type: 'string', pattern: BOX }),
  })

/** A tag as written, with its sign. */
export const tag = queryText(1, MAX_CHARACTERS.tagDisplay + 1)

/** Long enough for a camera, which is the longest of these. */
const name = queryText(1, MAX_CHARACTERS.camera)

export const photoFilters = {
  tag: tag.optional().meta({ description: 'With or without #, in any case and with or without accents.' }),
  user: z.string().regex(USERNAME, 'A username.').optional(),
  from: instantOrDay.optional().meta({ description: 'Published at or after.' }),
  to: instantOrDay.optional().meta({ description: 'Published before.' }),
  takenFrom: localTime.optional().meta({ description: 'Taken at or after, by the local time of the photo.' }),
  takenTo: localTime.optional().meta({ description: 'Taken before, by the local time of the photo.' }),
  near: point.optional(),
  radius: radius.optional(),
  bbox: boundingBox.optional(),
  place: name.optional().meta({
    description:
      'A city, region or country, or a code of ISO 3166. Of names with commas between them, all must match.',
  }),
  camera: name.optional().meta({ description: 'Words of its maker and model that follow each other.' }),
  lens: name.optional(),
  orientation: z.enum(ORIENTATIONS).optional(),
  color: z.enum(COLOURS).optional().meta({ description: 'One of those that cover most of the photo.' }),
  album: idOf('album').optional().meta({ description: 'Only photos of this album.' }),
}

const FACET = FACETS.join('|')
const FACET_LIST = `^(${FACET})(,(${FACET}))*$`
const MAX_ZOOM = 20

export const facetQuery = {
  facets: z
    .string()
    .regex(new RegExp(FACET_LIST), `Of ${FACETS.join(', ')}, with commas between them.`)
    .transform((given) => given.split(',') as Facet[])
    .optional()
    .meta({
      description: `What to count over all matches, on the first page: ${FACETS.join(', ')}.`,
      ...shownAs({ type: 'string', pattern: FACET_LIST }),
    }),
  zoom: wholeNumber(0, MAX_ZOOM)
    .optional()
    .meta({ description: 'Of the facet `tiles`, as in URLs of map tiles; 4 without it.' }),
}
