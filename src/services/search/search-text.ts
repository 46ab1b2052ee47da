import { invalidField } from '../../domain/errors.ts'
import { extractHashtags, foldTag } from '../../domain/hashtags.ts'

/**
 * The longest `q`. A word is looked for in 5 fields, and OpenSearch refuses a query of more than 1,024 clauses: 200
 * characters of a script without spaces are 199 words.
 */
export const MAX_SEARCH_TEXT_CHARACTERS = 200

/** What `q` asks for. */
export interface SearchText {
  /** Folded words and quoted phrases; empty if `q` had none. */
  words: string
  /** Folded tags, from `#tag`. */
  tags: string[]
}

const HASHTAG = /#[\p{L}\p{M}\p{N}_]+/gu

/**
 * Splits `q` into words and hashtags; each `#tag` is a filter and no word.
 * @throws DarkroomError `invalid` if it is longer than MAX_SEARCH_TEXT_CHARACTERS, as typed or when ligatures are undone
 */
export function parseSearchText(q: string): SearchText {
  const tags = new Set<string>()
  const rest = q.replaceAll(HASHTAG, (written) => {
    const [hashtag] = extractHashtags(written)
    if (!hashtag) return written
    tags.add(hashtag.tag)
    return ' '
  })
  // A lone * is simple_query_string's "everything", whatever its flags; a dash is as little of a word.
  const words = foldText(rest).replaceAll('*', '-').replaceAll(/\s+/g, ' ').trim()
  if (Math.max(q.length, words.length) > MAX_SEARCH_TEXT_CHARACTERS) {
    throw invalidField('query.q', `At most ${MAX_SEARCH_TEXT_CHARACTERS} characters.`)
  }
  return { words, tags: [...tags] }
}

/**
 * Folds running text as tags are folded: case everywhere, accents on Latin, Greek and Cyrillic letters. Documents and
 * queries both pass through here, so that a word is found in a caption by the same spellings as in a tag.
 */
export function foldText(text: string): string {
  return foldTag(text)
}
