import type { Types } from '@opensearch-project/opensearch'
import type { Colour } from '../../domain/colours.ts'
import { invalidField } from '../../domain/errors.ts'
import type { AlbumId, UserId } from '../../domain/ids.ts'
import type { Orientation } from '../../domain/orientation.ts'
import type { PhotoFacts } from '../../infra/opensearch/photo-index.ts'
import { foldText } from './search-text.ts'

type QueryContainer = Types.Common_QueryDsl.QueryContainer

interface Point {
  latitude: number
  longitude: number
}

/** In degrees; `west` is greater than `east` in a box across the 180th meridian. */
interface Box {
  west: number
  south: number
  east: number
  north: number
}

/** The conditions of a search; all given ones must hold. */
export interface PhotoFilters {
  /** Words, `"phrases"` and `#tags`; all of them must match. At most MAX_SEARCH_TEXT_CHARACTERS. */
  q?: string | undefined
  /** With or without `#`, in any spelling that folds to the same. */
  tag?: string | undefined
  /** The owner's username, in any case. */
  user?: string | undefined
  /** Published at or after this time. */
  from?: Date | undefined
  /** Published before this time. */
  to?: Date | undefined
  /** Taken at or after this local time, given as if it were UTC. */
  takenFrom?: Date | undefined
  /** Taken before this local time. */
  takenTo?: Date | undefined
  near?: Point | undefined
  /** In km, around `near`. */
  radius?: number | undefined
  bbox?: Box | undefined
  /** Names of a city, region or country, or its code; of several with commas between them, all must match. */
  place?: string | undefined
  /** Words of its maker and model that follow each other. */
  camera?: string | undefined
  lens?: string | undefined
  orientation?: Orientation | undefined
  color?: Colour | undefined
  album?: AlbumId | undefined
}

/** Around a point without a radius. */
const DEFAULT_RADIUS_KM = 10

/**
 * The filters of `given` apart from `q`, `tag` and `album`. What is withheld from others is found by its owner alone.
 * @param viewerId null for anyone who owns nothing
 * @throws DarkroomError `invalid` for a radius without its point
 */
export function toFilters(given: PhotoFilters, viewerId: UserId | null): QueryContainer[] {
  const filters: QueryContainer[] = []
  if (given.user !== undefined) filters.push({ term: { username: { value: given.user.toLowerCase() } } })
  if (given.from || given.to) filters.push(between('publishedAt', given.from, given.to))
  if (given.orientation) filters.push({ term: { orientation: { value: given.orientation } } })
  if (given.color) filters.push({ term: { colours: { value: given.color } } })
  for (const fact of factFilters(given)) filters.push(sharedOrOwn(fact, viewerId))
  return filters
}

/** A condition on a fact of a photo, which lies in `shared` or `withheld`. */
type FactFilter = (fieldOf: (fact: keyof PhotoFacts) => string) => QueryContainer

function factFilters(given: PhotoFilters): FactFilter[] {
  const { takenFrom, takenTo, near, radius, bbox, place, camera, lens } = given
  if (radius !== undefined && near === undefined) throw invalidField('query.radius', 'Needs a point: near.')
  const filters: FactFilter[] = []
  if (takenFrom || takenTo) filters.push((fieldOf) => between(fieldOf('takenAt'), takenFrom, takenTo))
  if (near) filters.push(within(near, radius ?? DEFAULT_RADIUS_KM))
  if (bbox) filters.push(inBox(bbox))
  for (const name of namesIn(place)) filters.push(saying('placeWords', name))
  if (camera !== undefined) filters.push(saying('cameraWords', camera))
  if (lens !== undefined) filters.push(saying('lensWords', lens))
  return filters
}

/** `Luzern, Switzerland` is two names. Of nothing but commas, there is one that no place has. */
function namesIn(place: string | undefined): string[] {
  if (place === undefined) return []
  const names = place.split(',').filter((name) => name.trim() !== '')
  return names.length > 0 ? names : [place]
}

function sharedOrOwn(fact: FactFilter, viewerId: UserId | null): QueryContainer {
  const shared = fact((name) => `shared.${name}`)
  if (viewerId === null) return shared
  const own = {
    bool: { filter: [{ term: { ownerId: { value: viewerId } } }, fact((name) => `withheld.${name}`)] },
  }
  return { bool: { should: [shared, own], minimum_should_match: 1 } }
}

function within({ latitude, longitude }: Point, radiusKm: number): FactFilter {
  return (fieldOf) => ({
    geo_distance: { distance: `${radiusKm}km`, [fieldOf('location')]: { lat: latitude, lon: longitude } },
  })
}

function inBox({ west, south, east, north }: Box): FactFilter {
  const corners = { top_left: { lat: north, lon: west }, bottom_right: { lat: south, lon: east } }
  return (fieldOf) => ({ geo_bounding_box: { [fieldOf('location')]: corners } })
}

/** The words follow each other in one name. Words that fold to nothing match nothing. */
function saying(fact: 'placeWords' | 'cameraWords' | 'lensWords', text: string): FactFilter {
  return (fieldOf) => ({
    match_phrase: { [fieldOf(fact)]: { query: foldText(text), zero_terms_query: 'none' } },
  })
}

function between(field: string, from: Date | undefined, to: Date | undefined): QueryContainer {
  return { range: { [field]: { ...(from && { gte: from.getTime() }), ...(to && { lt: to.getTime() }) } } }
}
