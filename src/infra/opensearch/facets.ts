import type { Types } from '@opensearch-project/opensearch'
import type { Facet } from '../../domain/facets.ts'
import type { UserId } from '../../domain/ids.ts'

/** The client's types have no field in most of them. */
type Aggregation = Types.Common_Aggregations.AggregationContainer

/** How many matches have a value. */
interface FacetValue {
  value: string
  count: number
}

/** How many matches lie in a tile of the map, and their centre. */
interface FacetTile {
  /** `zoom/x/y`, as in URLs of map tiles. */
  tile: string
  count: number
  latitude: number
  longitude: number
}

export interface Facets {
  tags?: FacetValue[]
  /** The latest first. */
  years?: FacetValue[]
  cameras?: FacetValue[]
  places?: FacetValue[]
  tiles?: FacetTile[]
}

export interface FacetRequest {
  facets: readonly Facet[]
  /** Of the tiles; the higher, the smaller they are. */
  zoom: number
  /** Whose withheld facts count as well. */
  viewerId: UserId | null
}

/** Values of a facet that are shown; of years and tiles there may be more. */
const MAX_VALUES = 20
const MAX_YEARS = 200
const MAX_TILES = 500
/** Shared and withheld values are added up, so that more of each are read than shown. */
const MAX_READ_VALUES = 5 * MAX_VALUES

const FIELDS = { years: 'takenYear', cameras: 'camera', places: 'place', tiles: 'location' } as const

/** The aggregations of a request; parseFacets reads their answer. */
export function facetAggregations({ facets, zoom, viewerId }: FacetRequest): Record<string, Aggregation> {
  const aggregations: Record<string, Aggregation> = {}
  for (const facet of new Set(facets)) {
    if (facet === 'tags') {
      aggregations['tags'] = ofField('terms', { field: 'tags', size: MAX_VALUES })
      continue
    }
    aggregations[facet] = valuesOf(facet, 'shared', zoom)
    if (viewerId === null) continue
    aggregations[`own_${facet}`] = {
      filter: { term: { ownerId: { value: viewerId } } },
      aggregations: { own: valuesOf(facet, 'withheld', zoom) },
    }
  }
  return aggregations
}

function valuesOf(facet: keyof typeof FIELDS, part: 'shared' | 'withheld', zoom: number): Aggregation {
  const field = `${part}.${FIELDS[facet]}`
  if (facet !== 'tiles')
    return ofField('terms', { field, size: facet === 'years' ? MAX_YEARS : MAX_READ_VALUES })
  return {
    geotile_grid: { field, precision: zoom, size: MAX_TILES },
    aggregations: { centre: ofField('geo_centroid', { field }) },
  }
}

const ofField = (type: 'terms' | 'geo_centroid', of: { field: string; size?: number }) =>
  ({ [type]: of }) as unknown as Aggregation

interface Bucket {
  key: string | number
  doc_count: number
  centre?: { location: { lat: number; lon: number } }
}
type Answer = Record<string, { buckets?: Bucket[]; own?: { buckets: Bucket[] } }>

/** The facets of a request, from what OpenSearch answered to its aggregations. */
export function parseFacets({ facets }: FacetRequest, aggregations: unknown): Facets {
  const answer = (aggregations ?? {}) as Answer
  const bucketsOf = (facet: Facet) => [
    ...(answer[facet]?.buckets ?? []),
    ...(answer[`own_${facet}`]?.own?.buckets ?? []),
  ]
  const found: Facets = {}
  for (const facet of new Set(facets)) {
    if (facet === 'tiles') found.tiles = tilesOf(bucketsOf(facet))
    else if (facet === 'years')
      found.years = addedUp(bucketsOf(facet)).sort((left, right) => Number(right.value) - Number(left.value))
    else found[facet] = addedUp(bucketsOf(facet)).sort(mostFirst).slice(0, MAX_VALUES)
  }
  return found
}

function addedUp(buckets: readonly Bucket[]): FacetValue[] {
  const counts = new Map<string, number>()
  for (const { key, doc_count: count } of buckets)
    counts.set(String(key), (counts.get(String(key)) ?? 0) + count)
  return [...counts].map(([value, count]) => ({ value, count }))
}

const mostFirst = (left: FacetValue, right: FacetValue) =>
  right.count - left.count || (left.value < right.value ? -1 : 1)

function tilesOf(buckets: readonly Bucket[]): FacetTile[] {
  const tiles = new Map<string, FacetTile>()
  for (const { key, doc_count: count, centre } of buckets) {
    if (!centre) continue
    const tile = String(key)
    const { lat: latitude, lon: longitude } = centre.location
    const known = tiles.get(tile)
    tiles.set(
      tile,
      known ? joined(known, { tile, count, latitude, longitude }) : { tile, count, latitude, longitude },
    )
  }
  return [...tiles.values()]
    .sort((left, right) => right.count - left.count || (left.tile < right.tile ? -1 : 1))
    .slice(0, MAX_TILES)
}

/** A tile's two parts with the centre of both; a tile never reaches across the 180th meridian. */
function joined(one: FacetTile, other: FacetTile): FacetTile {
  const count = one.count + other.count
  const mean = (of: 'latitude' | 'longitude') => (one[of] * one.count + other[of] * other.count) / count
  return { tile: one.tile, count, latitude: mean('latitude'), longitude: mean('longitude') }
}
