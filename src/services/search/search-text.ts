import { invalidField } from '../../domain/errors.ts'
import { findHashtags } from '../../domain/hashtags.ts'
import { fold } from '../../domain/text-folding.ts'

/**
 * The longest `q`, in code points. Each word is searched in 5 fields, and OpenSearch refuses a query of more than 1,024
 * clauses: 200 characters of a script without spaces are 199 words.
 */
export const MAX_SEARCH_TEXT_CHARACTERS = 200

/** The parsed `q`. */
export interface SearchText {
  /** Folded words and quoted phrases; empty if `q` had none. */
  words: string
  /** Folded tags, from `#tag`. */
  tags: string[]
}

/**
 * Splits `q` into words and hashtags; each `#tag` is a filter and not a word.
 * @throws DarkroomError `invalid` if it is longer than MAX_SEARCH_TEXT_CHARACTERS, as typed or with its ligatures expanded
 */
export function parseSearchText(q: string): SearchText {
  const composed = q.normalize('NFC')
  const tags = new Set<string>()
  let rest = ''
  let end = 0
  for (const hashtag of findHashtags(composed)) {
    tags.add(hashtag.tag)
    rest += `${composed.slice(end, hashtag.start)} `
    end = hashtag.end
  }
  // A lone * is simple_query_string's "everything", whatever its flags; a dash is not a word either.
  const words = foldText(rest + composed.slice(end))
    .replaceAll('*', '-')
    .replaceAll(/\s+/g, ' ')
    .trim()
  if (Math.max([...q].length, [...words].length) > MAX_SEARCH_TEXT_CHARACTERS) {
    throw invalidField('query.q', `At most ${MAX_SEARCH_TEXT_CHARACTERS} characters.`)
  }
  return { words, tags: [...tags] }
}

/** Khmer, Thai and others mark the ends of words with it; in a tag, which is one word, it is as good as absent. */
const ZERO_WIDTH_SPACE = '\u200b'

/**
 * Folds running text as tags are folded. Documents and queries both pass through here, so that a word is found in a caption
 * by the same spellings as in a tag.
 */
export function foldText(text: string): string {
  return fold(text.replaceAll(ZERO_WIDTH_SPACE, ' '))
}
