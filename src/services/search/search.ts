import type { ListRead, Page } from '../lists/list-read.ts'
import type { UserId } from '../../domain/ids.ts'
import { viewerUserId, type Viewer } from '../../domain/viewer.ts'
import type { Query } from '../../infra/db/database.ts'
import { accountOnly, inAudience } from '../../infra/db/rules.ts'
import type { HitPosition, PhotoIndex, PhotoSearch } from '../../infra/opensearch/photo-index.ts'
import type { SearchRelations } from '../../infra/opensearch/visibility.ts'
import { loadPhotoCards, type PhotoCard } from '../photos/photo-cards.ts'
import { fillPage, type Hits } from './search-page.ts'
import { buildPhotoQuery, type PhotoFilters } from './search-query.ts'

export interface SearchDeps {
  index: PhotoIndex
  /** The highest `total` that is counted. Default: MAX_COUNTED_HITS. */
  maxCountedHits?: number
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
   * @throws DarkroomError `unavailable` with OpenSearch down, `bad_cursor`, `invalid` if `q` is too long
   */
  searchPhotos(list: ListRead, request: PhotoSearchRequest): Promise<PhotoSearchResult>
  /** The photos with a tag, newest first. Throws the same errors as searchPhotos. */
  photosOfTag(list: ListRead, tag: string): Promise<Page<PhotoCard>>
}

/**
 * `total` is counted after rights, never taken from the index, which is up to a second behind on a narrowing: so it stops
 * at this many, an ids-only search and one primary key probe each.
 */
const MAX_COUNTED_HITS = 1_000

/** OpenSearch takes this many ids in a filter; of more followees or blocks, the latest count. */
const MAX_SEARCHED_RELATIONS = 65_536

/** relevance, publishedAt in ms, photo id, total */
const CURSOR_SHAPE = ['number', 'number', 'string', 'number'] as const

export function createSearch(deps: SearchDeps): Search {
  const { index, maxCountedHits = MAX_COUNTED_HITS } = deps

  /** A page of matching photos; counts the walk's first page if `counted`. */
  async function page(
    list: ListRead,
    request: PhotoSearchRequest,
    counted: boolean,
  ): Promise<PhotoSearchResult> {
    const { viewer, query } = list
    const from = walkFrom(list)
    const built = buildPhotoQuery(viewer, await relationsOf(query, viewer), request)
    const order: PhotoSearch['order'] = built.scored && request.sort !== 'recent' ? 'relevance' : 'recent'

    async function search(after: HitPosition | null, size: number): Promise<Hits> {
      const positions = await index.search({ query: built.query, order, after, size })
      return { positions, exhausted: positions.length < size }
    }
    const first = !from && counted ? await search(null, maxCountedHits) : undefined
    const total = from?.total ?? (first ? await countVisible(query, viewer, first.positions) : 0)
    const { cards, next } = await fillPage(
      {
        hits: first ? startingWith(first, search) : search,
        cards: async (photoIds) => (await loadPhotoCards(query, viewer, photoIds)).cards,
      },
      list.limit,
      from?.position ?? null,
    )
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

/** Serves the hits already found, then searches on from the last one. */
function startingWith(
  first: Hits,
  search: (after: HitPosition | null, size: number) => Promise<Hits>,
): (after: HitPosition | null, size: number) => Promise<Hits> {
  let left = first.positions
  return async (after, size) => {
    if (left.length === 0 && !first.exhausted) return search(after, size)
    const positions = left.slice(0, size)
    left = left.slice(size)
    return { positions, exhausted: first.exhausted && left.length === 0 }
  }
}

// Plan: the newest entries of follows_following_idx and blocks_made_idx, and of blocks_received_idx those there are.
const RELATIONS = `
  SELECT ARRAY(SELECT followee_id::text FROM follows WHERE follower_id = $1::bigint
      ORDER BY created_at DESC, followee_id DESC LIMIT $2) AS followees,
    ARRAY((SELECT blocked_id::text FROM blocks WHERE blocker_id = $1::bigint
        ORDER BY created_at DESC, blocked_id DESC LIMIT $2 / 2)
      UNION ALL
      (SELECT blocker_id::text FROM blocks WHERE blocked_id = $1::bigint LIMIT $2 / 2)) AS blocked`

async function relationsOf(query: Query, viewer: Viewer): Promise<SearchRelations> {
  if (viewer.kind !== 'user') return { followees: [], blocked: [] }
  const rows = await query<{ followees: UserId[]; blocked: UserId[] }>({
    name: 'search-relations',
    text: RELATIONS,
    values: [viewer.userId, MAX_SEARCHED_RELATIONS],
  })
  return rows[0]!
}

// One probe of photos_pkey and users_pkey per hit, of follows_pkey for those that only followers see, and two of
// blocks_pkey for those of others that would be seen.
const COUNT_VISIBLE = `
  SELECT count(*)::integer AS visible FROM photos p JOIN users u ON u.user_id = p.owner_id
  WHERE p.photo_id = ANY ($2::uuid[]) AND p.status = 'ready' AND ${inAudience('p', 'u', accountOnly('$1::bigint'))}`

async function countVisible(query: Query, viewer: Viewer, hits: readonly HitPosition[]): Promise<number> {
  if (hits.length === 0) return 0
  const rows = await query<{ visible: number }>({
    name: 'search-count',
    text: COUNT_VISIBLE,
    values: [viewerUserId(viewer), hits.map((hit) => hit.photoId)],
  })
  return rows[0]?.visible ?? 0
}
