import type { Types } from '@opensearch-project/opensearch'
import { viewerUserId, type Viewer } from '../../domain/viewer.ts'
import { visibleTo, type SearchRelations } from '../../infra/opensearch/visibility.ts'
import type { AlbumScope } from './album-scope.ts'
import { tagFilters, toFilters, type PhotoFilters } from './search-filters.ts'
import { parseSearchText } from './search-text.ts'

type QueryContainer = Types.Common_QueryDsl.QueryContainer

export interface BuiltQuery {
  query: QueryContainer
  /** Whether there are words to score by; without them, relevance means recency. */
  scored: boolean
}

/**
 * Points for each word by where it is found; a field found in adds its points. Whole numbers, so that sums are exact and
 * a score read back from a cursor is the same score. An exact form weighs more than all stems together.
 */
const FIELDS = ['caption.exact^8', 'tags.words^8', 'altText.exact^4', 'caption^2', 'altText^1']

/**
 * The query for photos that match `filters` and that the viewer may see.
 * @throws DarkroomError `invalid` if `q` is too long, or a radius has no point
 */
export function buildPhotoQuery(
  viewer: Viewer,
  relations: SearchRelations,
  filters: PhotoFilters,
  album?: AlbumScope,
): BuiltQuery {
  const { words, tags } = parseSearchText(filters.q ?? '')
  const filter: QueryContainer[] = [
    visibleTo(viewer, { ...relations, granted: album?.granted }),
    { term: { status: { value: 'ready' } } },
    ...tagFilters(tags, filters.tag),
    ...toFilters(filters, viewerUserId(viewer)),
    ...(album ? [{ terms: { photoId: album.photos } }] : []),
  ]
  if (words === '') return { query: { bool: { filter } }, scored: false }
  return { query: { bool: { filter, must: [matching(words)] } }, scored: true }
}

/** Words and quoted phrases; every other operator is off, so nothing typed can mean a wildcard, a regex or a fuzzy search. */
function matching(words: string): QueryContainer {
  return {
    simple_query_string: {
      query: words,
      fields: FIELDS,
      default_operator: 'and',
      flags: 'PHRASE|WHITESPACE',
      auto_generate_synonyms_phrase_query: false,
    },
  }
}
