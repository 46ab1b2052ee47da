import type { ListRead, Page } from '../lists/list-read.ts'
import type { HitPosition, PhotoIndex, PhotoSearch } from '../../infra/opensearch/photo-index.ts'
import { loadPhotoCards, type PhotoCard } from '../photos/photo-cards.ts'
import { albumScope } from './album-scope.ts'
import { countVisible } from './count-visible.ts'
import type { PhotoFilters } from './search-filters.ts'
import { fillPage, type PageSource } from './search-page.ts'
import { buildPhotoQuery } from './search-query.ts'
import { relationsOf } from './search-relations.ts'

export interface SearchDeps {
  index: PhotoIndex
  /** The highest `total` that is counted. Default: MAX_COUNTED_HITS. */
  maxCountedHits?: number
  /** How many pending narrowings a query leaves out. Default: MAX_PENDING. */
  maxPending?: number
}

export interface PhotoSearchRequest extends PhotoFilters {
  sort?: 'relevance' | 'recent' | undefined
}

export interface PhotoSearchResult extends Page<PhotoCard> {
  /** How many of the first MAX_COUNTED_HITS matches the viewer may see, as counted for the first page of the walk. */
  total: number
}

export interface Search {
  /**
   * Matching photos that the viewer may see, by relevance (the default) or newest first. Paging returns
   * every photo once that matches throughout with the same caption and alternative text.
   * @throws DarkroomError `unavailable` with OpenSearch down, `bad_cursor`, `invalid` if `q` is too long or a
   *   radius has no point, `not_found` for an album that the viewer may not see
   */
  searchPhotos(list: ListRead, request: PhotoSearchRequest): Promise<PhotoSearchResult>
  /** The photos with a tag, newest first. Throws the same errors as searchPhotos. */
  photosOfTag(list: ListRead, tag: string): Promise<Page<PhotoCard>>
}

/** `total` stops at this many: whoever reads more pages wants no number, and counting on would cost as much as the search. */
const MAX_COUNTED_HITS = 1_000

/** relevance, publishedAt in ms, photo id, total */
const CURSOR_SHAPE = ['number', 'number', 'string', 'number'] as const

export function createSearch(deps: SearchDeps): Search {
  const { index, maxCountedHits = MAX_COUNTED_HITS, maxPending } = deps

  /** A page of matching photos; counts the walk's first page if `counted`. */
  async function page(
    list: ListRead,
    request: PhotoSearchRequest,
    counted: boolean,
  ): Promise<PhotoSearchResult> {
    const { viewer, query } = list
    const from = walkFrom(list)
    const { album: albumId } = request
    const album = albumId === undefined ? undefined : await albumScope(query, viewer, albumId)
    const { relations, complete } = await relationsOf(query, viewer, maxPending)
    const built = buildPhotoQuery(viewer, relations, request, album)
    const order: PhotoSearch['order'] = built.scored && request.sort !== 'recent' ? 'relevance' : 'recent'
    const hits = (after: HitPosition | null, size: number, toCount?: number) =>
      index.search({ query: built.query, order, after, size, counted: toCount })

    let total = from?.total ?? 0
    const source: PageSource = {
      async hits(after, size) {
        const isFirst = counted && !from && after === null
        const found = await hits(after, size, isFirst ? maxCountedHits : undefined)
        if (isFirst) total = found.total
        return { positions: found.positions, exhausted: found.positions.length < size }
      },
      cards: async (photoIds) => (await loadPhotoCards(query, viewer, photoIds)).cards,
    }
    const { cards, next, hidden } = await fillPage(source, list.limit, from?.position ?? null)
    if (counted && !from && (hidden > 0 || !complete)) {
      const { positions } = await hits(null, maxCountedHits)
      total = await countVisible(query, viewer, positions, album !== undefined)
    }
    const last = next && ([next.relevance, next.publishedAt, next.photoId, total] as const)
    return { ...list.page(cards, last), total }
  }

  return {
    searchPhotos: (list, request) => page(list, request, true),
    async photosOfTag(list, tag) {
      const { items, nextCursor } = await page(list, { tag }, false)
      return { items, nextCursor }
    },
  }
}

/** Where the next page starts, with the total that the first page counted. */
function walkFrom(list: ListRead): { position: HitPosition; total: number } | undefined {
  const after = list.after(CURSOR_SHAPE)
  if (!after) return undefined
  const [relevance, publishedAt, photoId, total] = after
  return { position: { relevance, publishedAt, photoId }, total }
}
