import type { Types } from '@opensearch-project/opensearch'
import type { UserId } from '../../domain/ids.ts'
import { viewerUserId, type Viewer } from '../../domain/viewer.ts'
import { isUnspaced, wordsIn } from './words.ts'

type QueryContainer = Types.Common_QueryDsl.QueryContainer

/**
 * Points for each word by where it is found; a field found in adds its points. Whole numbers, so that sums are exact and
 * a score read back from a cursor is the same score. An exact form weighs more than all stems together.
 */
const FIELDS = ['caption.exact^8', 'tags.words^8', 'altText.exact^4', 'caption^2', 'altText^1']
const SHARED_TEXT = 'shared.text^1'
const WITHHELD_TEXT = 'withheld.text^1'

/**
 * Text in photos is searched for so many words: then each is looked for in up to 18 fields, and OpenSearch refuses a query of more
 * than 1,024 clauses.
 */
const MAX_WORDS_IN_TEXTS = 50

/**
 * Photos with all words and phrases, each anywhere in caption, alternative text, tags and what the viewer may find in the picture: of
 * others, the text that they share; of their own, all.
 * @param withoutTexts accounts whose texts were deleted, while the index may still have them
 */
export function matchingWords(
  words: string,
  viewer: Viewer,
  withoutTexts: readonly UserId[],
): QueryContainer {
  if (countWords(words) > MAX_WORDS_IN_TEXTS) return matching(words, FIELDS)
  const viewerId = viewerUserId(viewer)
  const isOwnRead = viewerId !== null && !withoutTexts.includes(viewerId)
  const shared = matching(words, [...FIELDS, SHARED_TEXT])
  const ways = [
    ...(withoutTexts.length > 0
      ? [matching(words, FIELDS), { bool: { must: [shared], must_not: [ownedBy(withoutTexts)] } }]
      : [shared]),
    ...(isOwnRead
      ? [
          {
            bool: {
              must: [matching(words, [...FIELDS, SHARED_TEXT, WITHHELD_TEXT])],
              filter: [ownedBy([viewerId])],
            },
          },
        ]
      : []),
  ]
  // The points of the best way: that of the most fields has those of all.
  return ways.length === 1 ? ways[0]! : { dis_max: { queries: ways } }
}

const ownedBy = (owners: readonly UserId[]): QueryContainer => ({ terms: { ownerId: [...owners] } })

/** As many as the analyzers make of it: scripts without spaces are searched by pairs of characters. */
function countWords(words: string): number {
  return wordsIn(words).reduce((sum, { folded }) => sum + (isUnspaced(folded) ? [...folded].length : 1), 0)
}

/** Words and quoted phrases; every other operator is off, so nothing typed can mean a wildcard, a regex or a fuzzy search. */
function matching(words: string, fields: string[]): QueryContainer {
  return {
    simple_query_string: {
      query: words,
      fields,
      default_operator: 'and',
      flags: 'PHRASE|WHITESPACE',
      auto_generate_synonyms_phrase_query: false,
    },
  }
}
