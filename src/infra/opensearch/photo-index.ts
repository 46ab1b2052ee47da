import { errors, type Types } from '@opensearch-project/opensearch'
import type { PhotoId, UserId } from '../../domain/ids.ts'
import type { PhotoStatus, Visibility } from '../../domain/visibility.ts'
import type { Client } from './client.ts'
import { errorType, reachable, searchUnavailable, toSearchError } from './errors.ts'
import { photosAlias, searchIndexExists } from './setup.ts'

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
  /** photos.version, the document's external version */
  version: number
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
}

export interface PhotoIndex {
  /** Writes the document unless the index holds this version or a newer one; returns whether it did. */
  put(document: PhotoDocument): Promise<boolean>
  /** Removes the document unless the index holds this version or a newer one; returns whether it existed. */
  remove(photoId: PhotoId, version: number): Promise<boolean>
  /** The places of at most `size` matching photos after `after`, in order. */
  search(search: PhotoSearch): Promise<HitPosition[]>
}

/** A shard gives up on a search after this; shorter than the client waits, so that no search runs for nobody. */
const SEARCH_TIMEOUT = '2s'

/**
 * The photo documents of an instance. All methods
 * @throws DarkroomError `unavailable` when OpenSearch is down or not set up
 */
export function createPhotoIndex(client: Client, prefix: string): PhotoIndex {
  const index = photosAlias(prefix)
  let aliasSeen = false

  return {
    async put(document) {
      try {
        await client.index({
          index,
          id: document.photoId,
          version: document.version,
          version_type: 'external',
          // Without setup, a write would create an index of guessed types under the alias's name.
          require_alias: true,
          body: document,
        })
        return true
      } catch (error) {
        if (isOlderThanIndexed(error)) return false
        throw toSearchError(error)
      }
    },

    async remove(photoId, version) {
      // A delete knows no require_alias, and one with an external version creates a missing index.
      aliasSeen ||= await reachable(searchIndexExists(client, prefix))
      if (!aliasSeen)
        throw searchUnavailable(new Error(`The alias ${index} is missing: npm run darkroom -- setup`))
      try {
        await client.delete({ index, id: photoId, version, version_type: 'external' })
        return true
      } catch (error) {
        if (isOlderThanIndexed(error) || isAbsent(error)) return false
        throw toSearchError(error)
      }
    },

    async search({ query, order, after, size }) {
      const { body } = await reachable(
        client.search({
          index,
          allow_partial_search_results: false,
          filter_path: 'hits.hits.sort',
          body: {
            query,
            size,
            sort: SORTS[order],
            ...(after && { search_after: toSortValues(after, order) }),
            // The sort values hold all that is needed; no document is fetched.
            _source: false,
            stored_fields: '_none_',
            track_total_hits: false,
            timeout: SEARCH_TIMEOUT,
          },
        }),
      )
      const hits = (body.hits as { hits?: { sort: unknown[] }[] } | undefined)?.hits ?? []
      return hits.map(({ sort }) => fromSortValues(sort, order))
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

function isOlderThanIndexed(error: unknown): boolean {
  return errorType(error) === 'version_conflict_engine_exception'
}

function isAbsent(error: unknown): boolean {
  if (!(error instanceof errors.ResponseError)) return false
  return (error.body as { result?: string } | undefined)?.result === 'not_found'
}
