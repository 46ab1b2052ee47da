import type { ListRead, Page, Reader } from '../lists/list-read.ts'
import { viewerUserId, type Viewer } from '../../domain/viewer.ts'
import type { Facet } from '../../domain/facets.ts'
import type { FacetRequest, Facets } from '../../infra/opensearch/facets.ts'
import type { PhotoIndex, PhotoSearch } from '../../infra/opensearch/photo-index.ts'
import { loadPhotoCards, type PhotoCard } from '../photos/photo-cards.ts'
import { albumScope } from './album-scope.ts'
import { didYouMean, doubtfulWords } from './did-you-mean.ts'
import { highlightsOf, type Highlight } from './highlights.ts'
import type { PhotoFilters } from './search-filters.ts'
import { fillPage, type PageSource } from './search-page.ts'
import { buildPhotoQuery, type BuiltQuery } from './search-query.ts'
import { expired, positionIn, walkFrom } from './search-walk.ts'
import { relationsOf } from './search-relations.ts'
import { suggestValues, type SuggestedValues } from './suggested-values.ts'
import { visibleHits } from './visible-hits.ts'

export interface SearchDeps {
  index: PhotoIndex
  /** The highest `total` that is counted. Default: MAX_COUNTED_HITS. */
  maxCountedHits?: number
  /** How many pending narrowings a query leaves out. Default: MAX_PENDING. */
  maxPending?: number
  /** A page that takes longer is returned short. Default: 300. */
  maxScanMs?: number
}

export interface PhotoSearchRequest extends PhotoFilters {
  sort?: 'relevance' | 'recent' | undefined
  /** What to count, on the first page of a walk. */
  facets?: readonly Facet[] | undefined
  /** Of the facet `tiles`; the higher, the smaller they are. Default: DEFAULT_ZOOM. */
  zoom?: number | undefined
}

interface FoundPhoto extends PhotoCard {
  /** Where its texts have what `q` and `tag` ask for. */
  highlights: Highlight[]
}

export interface PhotoSearchResult extends Page<FoundPhoto> {
  /** How many of the first MAX_COUNTED_HITS matches the viewer may see, as counted for the first page of the walk. */
  total: number
  /** Of all matches; only with the first page, and if asked for. */
  facets?: Facets
  /** A `q` that finds photos, if this one finds none; only with the first page. */
  didYouMean: string | null
}

export interface Search {
  /**
   * Matching photos that the viewer may see, by relevance (the default) or newest first. Paging returns
   * every photo once that matches throughout with the same caption and alternative text.
   * @throws DarkroomError `unavailable` with OpenSearch down, `bad_cursor`, `cursor_expired` if the cursor is of
   *   another version of the index, `invalid` if `q` is too long or a
   *   radius has no point, `not_found` for an album that the viewer may not see
   */
  searchPhotos(list: ListRead, request: PhotoSearchRequest): Promise<PhotoSearchResult>
  /** The photos with a tag, newest first. Throws the same errors as searchPhotos. */
  photosOfTag(list: ListRead, tag: string): Promise<Page<PhotoCard>>
  /** Tags and places that begin as was typed. @throws DarkroomError `unavailable` with OpenSearch down */
  suggestValues(reader: Reader, typed: string): Promise<SuggestedValues>
}

/** `total` stops at this many: whoever reads more pages wants no number, and counting on would cost as much as the search. */
const MAX_COUNTED_HITS = 1_000

/** Photos that nearly match, among whose words those that were meant are looked for. */
const MAX_LIKE = 30

/** Tiles as large as a country. */
const DEFAULT_ZOOM = 4

/** One search of a viewer. */
interface Look {
  list: ListRead
  built: BuiltQuery
  order: PhotoSearch['order']
  /** All pending narrowings are left out by the query. */
  complete: boolean
  inAlbum: boolean
}

interface Counted {
  total: number
  facets?: Facets
}

export function createSearch(deps: SearchDeps): Search {
  const { index, maxCountedHits = MAX_COUNTED_HITS, maxPending, maxScanMs } = deps

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
    const now = from?.now ?? Date.now()
    const built = buildPhotoQuery(viewer, relations, request, { album, now })
    const order: PhotoSearch['order'] = built.scored && request.sort !== 'recent' ? 'relevance' : 'recent'
    const look: Look = { list, built, order, complete, inAlbum: album !== undefined }
    const facets = from ? undefined : toFacetRequest(request, viewer)

    let first: Counted = { total: from?.total ?? 0 }
    let indexVersion = from?.indexVersion ?? null
    const source: PageSource = {
      async hits(after, size) {
        const counting = counted && !from && after === null ? { counted: maxCountedHits, facets } : {}
        const found = await index.search({ query: built.query, order, after, size, ...counting })
        if (counting.counted !== undefined) first = found
        indexVersion ??= found.indexVersion
        if (from && found.indexVersion !== null && found.indexVersion !== indexVersion) throw expired()
        return { positions: found.positions, exhausted: found.positions.length < size }
      },
      cards: (photoIds) => visibleCards(look, photoIds),
    }
    const { cards, next, hidden } = await fillPage(source, list.limit, from?.position ?? null, maxScanMs)
    if (counted && !from && (hidden > 0 || !complete)) first = await countOneByOne(look, facets)
    const { total } = first
    const last = next && positionIn({ position: next, total, now, indexVersion: indexVersion ?? 0 })
    const items = cards.map((card) => ({ ...card, highlights: highlightsOf(built.asked, card) }))
    const isFruitless = counted && !from && total === 0
    return {
      ...list.page(items, last),
      total,
      ...(first.facets && { facets: first.facets }),
      didYouMean: isFruitless ? await meantBy(look) : null,
    }
  }

  /** The photos that the viewer may see; where not all narrowings are left out by the query, without those that are pending. */
  async function visibleCards(
    { list: { query, viewer }, complete, inAlbum }: Look,
    photoIds: string[],
  ): Promise<Map<string, PhotoCard>> {
    const ids = complete ? photoIds : [...(await visibleHits(query, viewer, photoIds, inAlbum))]
    return (await loadPhotoCards(query, viewer, ids)).cards
  }

  /** Counts what Postgres lets the viewer see of the first hits: slow, but whatever the index says. */
  async function countOneByOne(look: Look, facets: FacetRequest | undefined): Promise<Counted> {
    const { list, built, order, inAlbum } = look
    const hits = await index.search({ query: built.query, order, after: null, size: maxCountedHits })
    const photoIds = hits.positions.map((position) => position.photoId)
    const visible = [...(await visibleHits(list.query, list.viewer, photoIds, inAlbum))]
    if (!facets) return { total: visible.length }
    const query = { terms: { photoId: visible } }
    const counts = await index.search({ query, order: 'recent', after: null, size: 0, facets })
    return { total: visible.length, ...(counts.facets && { facets: counts.facets }) }
  }

  /** A search of the same filters that finds something, by words of photos that the viewer sees. */
  async function meantBy(look: Look): Promise<string | null> {
    const { built } = look
    const doubtful = doubtfulWords(built.asked)
    if (doubtful === null) return null
    const query = built.near(doubtful)
    const { positions } = await index.search({ query, order: 'recent', after: null, size: MAX_LIKE })
    const cards = await visibleCards(
      look,
      positions.map((position) => position.photoId),
    )
    return didYouMean(built.asked, [...cards.values()])
  }

  return {
    searchPhotos: (list, request) => page(list, request, true),
    suggestValues: (reader, typed) => suggestValues(index, reader, typed),
    async photosOfTag(list, tag) {
      const { items, nextCursor } = await page(list, { tag }, false)
      return { items, nextCursor }
    },
  }
}

function toFacetRequest({ facets, zoom }: PhotoSearchRequest, viewer: Viewer): FacetRequest | undefined {
  return facets && { facets, zoom: zoom ?? DEFAULT_ZOOM, viewerId: viewerUserId(viewer) }
}
