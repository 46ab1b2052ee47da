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

/** Whether two folded words are forms of one English word, by their endings: `running` and `runs`. */
export function sameEnglishWord(one: string, other: string): boolean {
  return one === other || (isEnglish(one) && isEnglish(other) && stemOf(one) === stemOf(other))
}

const isEnglish = (word: string) => /^[a-z']{3,}$/.test(word)

function stemOf(word: string): string {
  let stem = word
  for (const [ending, instead] of ENDINGS) stem = stem.replace(ending, instead)
  // runn- and mak- are run and make.
  return stem.replace(/([^aeiouls])\1$/, '$1').replace(/([^aeiou])e$/, '$1')
}
