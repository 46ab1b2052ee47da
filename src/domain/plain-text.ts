/** Paragraphs of the bidirectional algorithm (class B); a control never reaches into the next one. */
const PARAGRAPH = /[^\p{Zp}\n\r\u0085]+/gu

const OVERRIDES = new Set(['\u202d', '\u202e'])
const EMBEDDINGS = new Set(['\u202a', '\u202b'])
const ISOLATES = new Set(['\u2066', '\u2067', '\u2068'])
const POP_EMBEDDING = '\u202c'
const POP_ISOLATE = '\u2069'

/**
 * `text` without bidirectional controls that would reorder the text around it: overrides, which show letters in another
 * order than they are read, and embeddings and isolates that are not closed, or closed without being opened, in their
 * paragraph. Balanced ones and directional marks stay: right-to-left names need them.
 */
export function withHarmlessBidi(text: string): string {
  return text.replace(PARAGRAPH, (paragraph) => {
    const characters = [...paragraph]
    const stray = strayControls(characters)
    return stray.size === 0 ? paragraph : characters.filter((_, index) => !stray.has(index)).join('')
  })
}

function strayControls(characters: readonly string[]): Set<number> {
  const stray = new Set<number>()
  const open: { index: number; control: string }[] = []
  for (const [index, control] of characters.entries()) {
    if (OVERRIDES.has(control) || EMBEDDINGS.has(control) || ISOLATES.has(control))
      open.push({ index, control })
    else if (control === POP_EMBEDDING) {
      const last = open.at(-1)
      if (!last || ISOLATES.has(last.control)) stray.add(index)
      else {
        open.pop()
        if (OVERRIDES.has(last.control)) stray.add(last.index).add(index)
      }
    } else if (control === POP_ISOLATE) {
      const opening = open.findLastIndex((opener) => ISOLATES.has(opener.control))
      if (opening === -1) stray.add(index)
      // An isolate closes the embeddings within it as well: those have no end of their own.
      else for (const { index: unclosed } of open.splice(opening).slice(1)) stray.add(unclosed)
    }
  }
  for (const { index } of open) stray.add(index)
  return stray
}

/** Spaces, controls, ignorable fillers; the blank Braille cell and interlinear anchors, which have no such property. */
const BLANK = /^[\p{White_Space}\p{Cc}\p{Default_Ignorable_Code_Point}\u2800\ufff9-\ufffb]*$/v

/** The characters of {@link BLANK} as ranges, for a class of a regular expression that knows no properties. */
export const BLANK_RANGES =
  '\\u0000-\\u0020\\u007f-\\u00a0\\u00ad\\u034f\\u061c\\u115f-\\u1160\\u1680\\u17b4-\\u17b5\\u180b-\\u180f\\u2000-\\u200f' +
  '\\u2028-\\u202f\\u205f-\\u206f\\u2800\\u3000\\u3164\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff0-\\ufffb' +
  '\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}'

/** Whether `text` has no visible character. */
export function isBlank(text: string): boolean {
  return BLANK.test(text)
}
