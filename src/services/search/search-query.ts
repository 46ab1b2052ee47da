import type { Types } from '@opensearch-project/opensearch'
import { tagNamed } from '../../domain/hashtags.ts'
import { viewerUserId, type Viewer } from '../../domain/viewer.ts'
import { visibleTo, type SearchRelations } from '../../infra/opensearch/visibility.ts'
import type { AlbumScope } from './album-scope.ts'
import { matchingWords } from './search-words.ts'
import { toFilters, type PhotoFilters } from './search-filters.ts'
import { parseSearchText, type SearchText } from './search-text.ts'

type QueryContainer = Types.Common_QueryDsl.QueryContainer

export interface BuiltQuery {
  query: QueryContainer
  /** Whether there are words to score by; without them, relevance means recency. */
  scored: boolean
  /** The words and tags to highlight. */
  asked: SearchText
  /** The same query for photos that have a word nearly like each of these. */
  near(words: readonly string[]): QueryContainer
}

/**
 * The query for photos that match `filters` and that the viewer may see.
 * @param options.now the time that recency is reckoned from, in ms
 * @throws DarkroomError `invalid` if `q` is too long, or a radius has no point
 */
export function buildPhotoQuery(
  viewer: Viewer,
  relations: SearchRelations,
  filters: PhotoFilters,
  { album, now }: { album: AlbumScope | undefined; now: number },
): BuiltQuery {
  const { words, tags } = parseSearchText(filters.q ?? '')
  const asked = { words, tags: filters.tag === undefined ? tags : [...tags, tagNamed(filters.tag)] }
  const filter: QueryContainer[] = [
    visibleTo(viewer, { ...relations, granted: album?.granted }),
    { term: { status: { value: 'ready' } } },
    ...asked.tags.map((value) => ({ term: { tags: { value } } })),
    ...toFilters(filters, viewerUserId(viewer)),
    ...(album ? [{ terms: { photoId: album.photos } }] : []),
  ]
  const near = (like: readonly string[]) => ({ bool: { filter: [...filter, ...like.map(nearly)] } })
  if (words === '') return { query: { bool: { filter } }, scored: false, asked, near }
  const matches = {
    bool: { filter, must: [matchingWords(words, viewer, relations.pending?.withoutTexts ?? [])] },
  }
  return { query: preferring(matches, now), scored: true, asked, near }
}

/** Ages in days; a photo younger than one of them gets a point for it. */
const RECENT_DAYS = [1, 7, 30, 365]
const DAY_MS = 24 * 60 * 60 * 1000

/**
 * Adds to the points of words up to four for recency and six for popularity: together no more than one word in a caption. Whole numbers again, and
 * of one time for a whole walk, so that pages do not drift. The index has no scripts, and needs none for this.
 */
function preferring(matches: QueryContainer, now: number): QueryContainer {
  const recency = RECENT_DAYS.map((days) => ({
    filter: { range: { publishedAt: { gte: now - days * DAY_MS } } },
    weight: 1,
  }))
  return {
    function_score: {
      query: matches,
      functions: [...recency, { field_value_factor: { field: 'popularity', factor: 1, missing: 0 } }],
      score_mode: 'sum',
      boost_mode: 'sum',
    },
  }
}

/** As many edits as didYouMean allows, the first letter being right. Hits are not scored, so that no statistics of words show. */
function nearly(word: string): QueryContainer {
  return {
    multi_match: {
      query: word,
      fields: ['caption.exact', 'altText.exact', 'tags.words'],
      fuzziness: 'AUTO',
      prefix_length: 1,
      max_expansions: 50,
    },
  }
}
