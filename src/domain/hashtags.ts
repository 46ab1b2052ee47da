import { MAX_CHARACTERS, MAX_ITEMS } from './limits.ts'
import { findLinks, isWithin, type Span } from './links.ts'
import { fold } from './text-folding.ts'

export interface Hashtag {
  /** The folded form, for comparison and search. */
  tag: string
  /** The tag as written in the caption, without the `#`. */
  display: string
}

/** `#`, and its full-width and small forms, which keyboards for Chinese, Japanese and Korean type. */
const STARTER = '[#\uff03\ufe5f]'
const INVISIBLE = String.raw`\p{Default_Ignorable_Code_Point}`
/** What a tag can begin with. Fillers are letters to Unicode, but nobody sees them. */
const SEEN = String.raw`[[\p{L}\p{N}_]--${INVISIBLE}]`
/** Punctuation inside words: Catalan and Japanese dots, wave dashes, Hebrew geresh and maqaf, the Tibetan tsheg. */
const INNER = String.raw`[\xb7\u30fb\uff65\u301c\uff5e\u30a0\u05be\u05f3\u05f4\u0f0b\u0f0c]`
/** A `#` behind one of these belongs to what stands before it: `C#`, `a/#b`, `&#039;`. */
const ATTACHING = String.raw`[[\p{L}\p{N}\p{Mn}\p{Mc}_&\/]--${INVISIBLE}]`

const HASHTAG = new RegExp(
  `(?<!${ATTACHING}${INVISIBLE}*)${STARTER}${INVISIBLE}*` +
    String.raw`(?<written>${SEEN}(?:[\p{L}\p{M}\p{N}_${INVISIBLE}]|${INNER}(?=${INVISIBLE}*${SEEN}))*)`,
  'gv',
)
const LEADING_STARTER = new RegExp(`^${INVISIBLE}*${STARTER}`, 'v')
/** Joiners and variation selectors shape the letters beside them; other invisible characters only mislead. */
const NOT_SHOWN =
  /[\p{Default_Ignorable_Code_Point}--[\p{Join_Control}\p{Variation_Selector}]]|\p{Join_Control}+$/gv

/** Folds a tag for comparison, as words of text are folded; see {@link fold}. */
export function foldTag(tag: string): string {
  return fold(tag)
}

/** The folded tag that a link or filter names, with or without `#`; empty if it has no visible character. */
export function tagNamed(given: string): string {
  return foldTag(given.normalize('NFC').replace(LEADING_STARTER, ''))
}

/**
 * Every hashtag of a text with its position, including repeats but not those within a URL.
 * @param text in NFC
 */
export function findHashtags(text: string): (Hashtag & Span)[] {
  const found = [...text.matchAll(HASHTAG)]
  if (found.length === 0) return []
  const links = findLinks(text)
  return found.flatMap((match) => {
    const written = match.groups!['written']!
    const display = written.replace(NOT_SHOWN, '')
    if (written.length > MAX_CHARACTERS.tagDisplay || isWithin(links, match.index)) return []
    const tag = foldTag(display)
    if (tag.length > MAX_CHARACTERS.tag || !/[\p{L}\p{N}]/u.test(tag)) return []
    return { tag, display, start: match.index, end: match.index + match[0].length }
  })
}

/** The hashtags of a caption, distinct by folded form, in order of first use. */
export function extractHashtags(caption: string): Hashtag[] {
  const distinct = new Map<string, Hashtag>()
  for (const { tag, display } of findHashtags(caption.normalize('NFC'))) {
    if (!distinct.has(tag)) distinct.set(tag, { tag, display })
    if (distinct.size === MAX_ITEMS.tagsPerPhoto) break
  }
  return [...distinct.values()]
}
