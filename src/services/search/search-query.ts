import type { Types } from '@opensearch-project/opensearch'
import { tagNamed } from '../../domain/hashtags.ts'
import type { Viewer } from '../../domain/viewer.ts'
import { visibleTo, type SearchRelations } from '../../infra/opensearch/visibility.ts'
import { parseSearchText } from './search-text.ts'

type QueryContainer = Types.Common_QueryDsl.QueryContainer

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
}

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
 * @throws DarkroomError `invalid` if `q` is too long
 */
export function buildPhotoQuery(
  viewer: Viewer,
  relations: SearchRelations,
  filters: PhotoFilters,
): BuiltQuery {
  const { words, tags } = parseSearchText(filters.q ?? '')
  if (filters.tag !== undefined) tags.push(tagNamed(filters.tag))
  const filter: QueryContainer[] = [visibleTo(viewer, relations), { term: { status: { value: 'ready' } } }]
  for (const tag of tags) filter.push({ term: { tags: { value: tag } } })
  if (filters.user !== undefined) filter.push({ term: { username: { value: filters.user.toLowerCase() } } })
  if (filters.from || filters.to) {
    filter.push({
      range: {
        publishedAt: {
          ...(filters.from && { gte: filters.from.getTime() }),
          ...(filters.to && { lt: filters.to.getTime() }),
        },
      },
    })
  }
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
