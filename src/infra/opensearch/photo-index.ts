import type { Types } from '@opensearch-project/opensearch'
import type { Colour } from '../../domain/colours.ts'
import type { PhotoId, UserId } from '../../domain/ids.ts'
import type { Orientation } from '../../domain/orientation.ts'
import type { PhotoStatus, Visibility } from '../../domain/visibility.ts'
import { bulk, type BulkOutcome } from './bulk.ts'
import type { Client } from './client.ts'
import { reachable, searchUnavailable } from './errors.ts'
import { facetAggregations, parseFacets, type FacetRequest, type Facets } from './facets.ts'
import { parseValues, valuesBody, type SuggestedValue, type ValueRequest } from './suggestions.ts'
import { findIndexes, photosAlias, versionOf } from './versions.ts'

/** What search knows about a photo: its search terms and audience. Postgres has the content to show. */
export interface PhotoDocument {
  photoId: PhotoId
  ownerId: UserId
  /** In lower case. */
  username: string
  /** Folded, as are `altText` and `tags`. */
  caption: string | null
  altText: string | null
  tags: string[]
  /** The effective one, in which the owner's account is reckoned with; not necessarily that of the row. */
  visibility: Visibility
  status: PhotoStatus
  /** ms since 1970 */
  publishedAt: number | null
  /** As it is shown; null while its size is unknown. */
  orientation: Orientation | null
  /** Those that cover most of it, the most frequent first. */
  colours: Colour[]
  /** Rises with the likes; see popularityOf. */
  popularity: number
  /** What everyone who sees the photo may find it by. */
  shared: PhotoFacts
  /** What only its owner may find it by; nothing of it is in `shared`. */
  withheld: PhotoFacts
  /** photos.version, the document's external version */
  version: number
}

/** How, when and where a photo was taken, and what is written in it. */
export interface PhotoFacts {
  /** The local time as if it were UTC, in ms since 1970, and its year. */
  takenAt?: number
  takenYear?: number
  /** As it is shown, and folded. */
  camera?: string
  cameraWords?: string
  lensWords?: string
  location?: { lat: number; lon: number }
  /** City and country as they are shown, and folded names of city, region and country with its code. */
  place?: string
  placeWords?: string[]
  /** What was read in the picture, folded. */
  text?: string
}

/** A hit's place in the order of its search; `relevance` is 0 in a search by recency. */
export interface HitPosition {
  relevance: number
  publishedAt: number
  photoId: PhotoId
}

export interface PhotoSearch {
  query: Types.Common_QueryDsl.QueryContainer
  /** `relevance`: by score, then as `recent`. `recent`: newest first, ties by id descending. */
  order: 'relevance' | 'recent'
  after: HitPosition | null
  size: number
  /** Counts matches up to this number; without it, none are. */
  counted?: number | undefined
  /** Counts the values that the matches have, all of them. */
  facets?: FacetRequest | undefined
}

/** The places of hits in order, and how many match as far as they are counted. */
interface PhotoHits {
  positions: HitPosition[]
  total: number
  facets?: Facets
  /** The version of the index that has the hits; null without hits. */
  indexVersion: number | null
}

/** A document to be written, or one to be removed by a version of its row. */
export type DocumentWrite = { put: PhotoDocument } | { remove: PhotoId; version: number }

export type WriteOutcome = BulkOutcome

export interface PhotoIndex {
  /**
   * Writes and removes documents unless the index holds these versions or newer ones, and says what became of each, in order.
   * While a new index is built or a former one is kept, they get them too; what became of them is told of the one that is searched.
   * Rows have to be read before.
   * @param options.overSame replaces documents of the same version too
   */
  write(writes: readonly DocumentWrite[], options?: { overSame?: boolean }): Promise<WriteOutcome[]>
  /** The places of at most `size` matching photos after `after`, in order. */
  search(search: PhotoSearch): Promise<PhotoHits>
  /** Values that begin as was typed, those of the most photos first; of a value that very many have, the latest photos count. */
  values(request: ValueRequest): Promise<SuggestedValue[]>
  /** Makes all that was written before findable, by copies of the shard too, and in an index that is about to be searched. */
  refresh(): Promise<void>
}

/** A shard gives up on a search after this; shorter than the client waits, so that no search runs for nobody. */
const SEARCH_TIMEOUT = '2s'
/** A refresh waits for its turn behind what was written. */
const REFRESH_TIMEOUT_MS = 20_000

/**
 * The photo documents of an instance. All methods
 * @throws DarkroomError `unavailable` when OpenSearch is down or not set up
 */
export function createPhotoIndex(client: Client, prefix: string): PhotoIndex {
  const index = photosAlias(prefix)

  /** The one that is searched first. Without any, a write would create an index of guessed types. */
  async function indexNames(): Promise<string[]> {
    const { current, next, previous } = await findIndexes(client, prefix)
    const names = [current, next, previous].filter((name) => name !== undefined)
    if (names.length > 0) return names
    throw searchUnavailable(new Error(`The alias ${index} is missing: npm run darkroom -- setup`))
  }

  return {
    async write(writes, options) {
      if (writes.length === 0) return []
      // An index whose building begins after this look is filled from rows that are read later, and so are as new as these or newer.
      const indexes = await indexNames()
      const outcomes = []
      for (const name of indexes) outcomes.push(await writerOf(client, name).write(writes, options))
      return outcomes[0]!
    },

    async search({ query, order, after, size, counted, facets }) {
      const { body } = await reachable(
        client.search({
          index,
          allow_partial_search_results: false,
          filter_path: 'hits.hits._index,hits.hits.sort,hits.total.value,aggregations',
          body: {
            query,
            size,
            sort: SORTS[order],
            ...(after && { search_after: toSortValues(after, order) }),
            // The sort values hold all that is needed; no document is fetched.
            _source: false,
            stored_fields: '_none_',
            track_total_hits: counted ?? false,
            ...(facets && { aggregations: facetAggregations(facets) }),
            timeout: SEARCH_TIMEOUT,
          },
        }),
      )
      const found = body.hits as
        { hits?: { _index: string; sort: unknown[] }[]; total?: { value: number } } | undefined
      const positions = (found?.hits ?? []).map(({ sort }) => fromSortValues(sort, order))
      // It counts on to the end of a segment's block.
      return {
        positions,
        total: Math.min(found?.total?.value ?? 0, counted ?? 0),
        indexVersion: found?.hits?.[0] ? versionOf(found.hits[0]._index) : null,
        ...(facets && { facets: parseFacets(facets, body.aggregations) }),
      }
    },

    async values(request) {
      const { body } = await reachable(
        client.search({
          index,
          allow_partial_search_results: false,
          filter_path: 'aggregations',
          body: { ...valuesBody(request), track_total_hits: false, timeout: SEARCH_TIMEOUT },
        }),
      )
      return parseValues(body.aggregations)
    },

    async refresh() {
      const names = await indexNames()
      await reachable(client.indices.refresh({ index: names }, { requestTimeout: REFRESH_TIMEOUT_MS }))
    },
  }
}

const NEWEST_FIRST = [{ publishedAt: { order: 'desc' } }, { photoId: { order: 'desc' } }] as const
const SORTS = {
  relevance: [{ _score: { order: 'desc' } }, ...NEWEST_FIRST],
  recent: [...NEWEST_FIRST],
} satisfies Record<PhotoSearch['order'], Types.Common.Sort>

function toSortValues(position: HitPosition, order: PhotoSearch['order']): (number | string)[] {
  const recent = [position.publishedAt, position.photoId]
  return order === 'recent' ? recent : [position.relevance, ...recent]
}

function fromSortValues(sort: unknown[], order: PhotoSearch['order']): HitPosition {
  const [relevance, publishedAt, photoId] = order === 'recent' ? [0, ...sort] : sort
  return { relevance: relevance as number, publishedAt: publishedAt as number, photoId: photoId as PhotoId }
}

/** Writes to one index alone, by its name. */
export function writerOf(client: Client, index: string): Pick<PhotoIndex, 'write'> {
  return {
    write: (writes, { overSame = false } = {}) =>
      bulk(
        client,
        writes.map((write) =>
          'put' in write
            ? {
                index,
                id: write.put.photoId,
                version: write.put.version,
                source: JSON.stringify(write.put),
                overSame,
              }
            : { index, id: write.remove, version: write.version, overSame },
        ),
      ),
  }
}
