import { foldText } from './search-text.ts'

/** A word of a text: folded, and where it stands in UTF-16 units. */
export interface Word {
  folded: string
  from: number
  to: number
}

const WORD =
  /[\p{L}\p{N}\p{M}_]+(?:['’.][\p{L}\p{N}\p{M}_]+)*|\p{Extended_Pictographic}[\p{M}\p{Emoji_Modifier}\u200d\p{Extended_Pictographic}]*/gu
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u

/** Written without spaces, and searched as pairs of characters. */
export const isUnspaced = (word: string): boolean => UNSPACED.test(word)

/** The words of a text, nearly as the index splits it. */
export function wordsIn(text: string): Word[] {
  return [...text.matchAll(WORD)].map((match) => ({
    folded: foldText(match[0]),
    from: match.index,
    to: match.index + match[0].length,
  }))
}
