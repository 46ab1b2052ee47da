import type { Types } from '@opensearch-project/opensearch'
import type { PhotoId, UserId } from '../../domain/ids.ts'

type QueryContainer = Types.Common_QueryDsl.QueryContainer
type Aggregation = Types.Common_Aggregations.AggregationContainer

/** A value that photos have, and the latest of these photos. */
export interface SuggestedValue {
  value: string
  photoIds: PhotoId[]
}

/** What to look for: tags that begin so, or places of which a word begins so. */
export interface ValueRequest {
  kind: 'tags' | 'places'
  /** Folded; of a tag only what a tag can have, so that nothing in it means anything to a regular expression. */
  typed: string
  /** Which photos count. */
  among: QueryContainer
  /** Whose withheld places count as well. */
  viewerId: UserId | null
}

/** Values that are read; the caller shows fewer, since some may turn out to be of hidden photos alone. */
const MAX_VALUES = 16
/** Photos of each by which the caller judges whether it may be shown. */
const PHOTOS_PER_VALUE = 10
/**
 * A search for a single letter may match every photo. Segments are sorted by time, so that these are the latest, and what is rarer than
 * this is counted in full.
 */
const MAX_LOOKED_AT = 50_000

/** The latest photos of each value. */
const LATEST: Aggregation = {
  top_hits: {
    size: PHOTOS_PER_VALUE,
    sort: [{ publishedAt: { order: 'desc' } }],
    _source: false,
    docvalue_fields: ['photoId'],
  },
}

const valuesOf = (terms: object): Aggregation => ({ terms, aggregations: { latest: LATEST } })

/** The body of the search; parseValues reads its answer. */
export function valuesBody(request: ValueRequest) {
  const { query, aggregations } = request.kind === 'tags' ? ofTags(request) : ofPlaces(request)
  return {
    size: 0,
    terminate_after: MAX_LOOKED_AT,
    query: { bool: { filter: [request.among, query] } },
    aggregations,
  }
}

function ofTags({ typed }: ValueRequest) {
  return {
    query: { prefix: { tags: { value: typed } } },
    aggregations: {
      // However rare it is, the tag itself is among them.
      exact: valuesOf({ field: 'tags', include: [typed] }),
      others: valuesOf({ field: 'tags', include: `${typed}.*`, size: MAX_VALUES }),
    },
  }
}

function ofPlaces({ typed, viewerId }: ValueRequest) {
  const inPart = (part: 'shared' | 'withheld'): QueryContainer => ({
    match_bool_prefix: { [`${part}.placeWords`]: { query: typed, operator: 'and' } },
  })
  const places = (filter: QueryContainer, part: 'shared' | 'withheld'): Aggregation => ({
    filter,
    aggregations: { values: valuesOf({ field: `${part}.place`, size: MAX_VALUES }) },
  })
  const shared = inPart('shared')
  if (viewerId === null) return { query: shared, aggregations: { shared: places(shared, 'shared') } }
  const own = { bool: { filter: [{ term: { ownerId: { value: viewerId } } }, inPart('withheld')] } }
  return {
    query: { bool: { should: [shared, own], minimum_should_match: 1 } },
    aggregations: { shared: places(shared, 'shared'), own: places(own, 'withheld') },
  }
}

interface Bucket {
  key: string
  doc_count: number
  latest: { hits: { hits: { fields: { photoId: [PhotoId] } }[] } }
}
type Buckets = { buckets: Bucket[] }
type Answer = Record<string, Buckets | { values: Buckets }>

/** The values of an answer, each once: those of the most photos first. */
export function parseValues(aggregations: unknown): SuggestedValue[] {
  const found = new Map<string, SuggestedValue & { count: number }>()
  for (const part of Object.values((aggregations ?? {}) as Answer)) {
    for (const { key, doc_count: count, latest } of 'values' in part ? part.values.buckets : part.buckets) {
      const photoIds = latest.hits.hits.map(({ fields }) => fields.photoId[0])
      const known = found.get(key)
      if (known === undefined) found.set(key, { value: key, count, photoIds })
      else known.photoIds = [...new Set([...known.photoIds, ...photoIds])]
    }
  }
  return [...found.values()]
    .sort((one, other) => other.count - one.count || (one.value < other.value ? -1 : 1))
    .map(({ value, photoIds }) => ({ value, photoIds }))
}
