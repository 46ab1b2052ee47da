/** Endings in the order in which they are taken off, and what takes their place. */
const ENDINGS: readonly (readonly [ending: RegExp, instead: string])[] = [
  [/'s?$/, ''],
  [/ies$/, 'y'],
  [/ied$/, 'y'],
  [/(ss|sh|ch|x|z)es$/, '$1'],
  [/([^su])s$/, '$1'],
  [/([aeiouy].*)ing$/, '$1'],
  [/([aeiouy].*)ed$/, '$1'],
]

/** A folded word to be compared with others. */
export interface EnglishForm {
  word: string
  /** Null of what is not English. */
  stem: string | null
}

export function formOf(word: string): EnglishForm {
  return { word, stem: /^[a-z']{3,}$/.test(word) ? stemOf(word) : null }
}

/** Whether two words are forms of one, by their endings: `running` and `runs`. */
export function isSameWord(one: EnglishForm, other: EnglishForm): boolean {
  return one.word === other.word || (one.stem !== null && one.stem === other.stem)
}

function stemOf(word: string): string {
  let stem = word
  for (const [ending, instead] of ENDINGS) stem = stem.replace(ending, instead)
  // runn- and mak- are run and make.
  return stem.replace(/([^aeiouls])\1$/, '$1').replace(/([^aeiou])e$/, '$1')
}
