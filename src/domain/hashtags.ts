const HASHTAG = /#([\p{L}\p{M}\p{N}_]+)/gu

/** A tag's folded form is at most this long; longer runs of letters are no hashtag. */
export const MAX_TAG_CHARACTERS = 100
/** As written it is at most this long: marks that folding drops may be piled on a letter without end. */
const MAX_TAG_DISPLAY_CHARACTERS = 400
/** At most this many distinct tags of a caption count. */
export const MAX_TAGS_PER_PHOTO = 30

export interface Hashtag {
  /** Folded: what is compared and searched. */
  tag: string
  /** As written in the caption, without the `#`. */
  display: string
}

/**
 * Folds a tag for comparison: case everywhere, accents on Latin, Greek and Cyrillic letters only, so that `Zürich` and
 * `ZURICH` meet while Devanagari vowel signs stay.
 */
export function foldTag(tag: string): string {
  return tag
    .normalize('NFKD')
    .replace(/([\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}])\p{M}+/gu, '$1')
    .toLowerCase()
    .replaceAll('ß', 'ss')
    .replaceAll('ς', 'σ')
    .normalize('NFC')
}

/** The hashtags of a caption, distinct by folded form, in order of first use. */
export function extractHashtags(caption: string): Hashtag[] {
  const found = new Map<string, Hashtag>()
  for (const [, display] of caption.normalize('NFC').matchAll(HASHTAG)) {
    if (display!.length > MAX_TAG_DISPLAY_CHARACTERS) continue
    const tag = foldTag(display!)
    if (tag.length > MAX_TAG_CHARACTERS || !/[\p{L}\p{N}]/u.test(tag) || found.has(tag)) continue
    found.set(tag, { tag, display: display! })
    if (found.size === MAX_TAGS_PER_PHOTO) break
  }
  return [...found.values()]
}
