import type { PhotoCard } from '../photos/photo-cards.ts'
import { formOf, isSameWord } from './english-forms.ts'
import { foldText, type SearchText } from './search-text.ts'
import { isUnspaced, wordsIn } from './words.ts'

/** The words of a search that may be misspelt; null if there are none, or too many to say anything about them. */
export function doubtfulWords({ words }: SearchText): string[] | null {
  const distinct = [...new Set(wordsIn(words).map(({ folded }) => folded))].filter(
    (word) => !isUnspaced(word),
  )
  return distinct.length > 0 && distinct.length <= MAX_WORDS ? distinct : null
}

const MAX_WORDS = 5

/**
 * The search that was probably meant, by words of photos that the viewer sees and that have others nearly like them; null if none come near.
 * Nothing else is looked at, so that no word of a hidden photo is ever proposed.
 * @param cards photos that match all words approximately
 */
export function didYouMean(text: SearchText, cards: readonly PhotoCard[]): string | null {
  const doubtful = doubtfulWords(text)
  if (doubtful === null || cards.length === 0) return null
  const frequencies = frequenciesOf(cards)
  const meant = new Map<string, string>()
  for (const word of doubtful) {
    const nearest = nearestTo(word, frequencies)
    if (nearest === undefined) return null
    meant.set(word, nearest)
  }
  if ([...meant].every(([word, nearest]) => word === nearest)) return null
  const parts = wordsIn(text.words).toReversed()
  const corrected = parts.reduce(
    (written, { folded, from, to }) =>
      written.slice(0, from) + (meant.get(folded) ?? folded) + written.slice(to),
    text.words,
  )
  return [corrected, ...text.tags.map((tag) => `#${tag}`)].join(' ')
}

/** In how many photos each word stands. */
function frequenciesOf(cards: readonly PhotoCard[]): Map<string, number> {
  const frequencies = new Map<string, number>()
  for (const { caption, altText, tags } of cards) {
    const words = new Set(
      wordsIn(foldText([caption, altText, ...tags].join(' '))).map(({ folded }) => folded),
    )
    for (const word of words) frequencies.set(word, (frequencies.get(word) ?? 0) + 1)
  }
  return frequencies
}

/** The word itself where it occurs in any form; else of the nearest words the most frequent. */
function nearestTo(word: string, frequencies: ReadonlyMap<string, number>): string | undefined {
  const form = formOf(word)
  let best: { word: string; distance: number; count: number } | undefined
  for (const [candidate, count] of frequencies) {
    if (isSameWord(formOf(candidate), form)) return word
    const distance = editDistance(word, candidate)
    if (distance > allowedFor(word) || (best && isBehind({ word: candidate, distance, count }, best)))
      continue
    best = { word: candidate, distance, count }
  }
  return best?.word
}

type Candidate = { word: string; distance: number; count: number }
const isBehind = (one: Candidate, other: Candidate) =>
  one.distance !== other.distance
    ? one.distance > other.distance
    : one.count !== other.count
      ? one.count < other.count
      : one.word > other.word

/** As OpenSearch's `fuzziness: AUTO` has it. */
const allowedFor = (word: string) => (word.length < 3 ? 0 : word.length < 6 ? 1 : 2)

/** Letters inserted, left out, replaced, or exchanged with their neighbours. */
export function editDistance(one: string, other: string): number {
  const [from, to] = [[...one], [...other]]
  if (Math.abs(from.length - to.length) > 2) return 3
  let before: number[] = []
  let above = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (let row = 1; row <= from.length; row++) {
    const current = [row]
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1]
      current[column] = Math.min(
        above[column]! + 1,
        current[column - 1]! + 1,
        above[column - 1]! + (same ? 0 : 1),
      )
      const exchanged =
        row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]
      if (exchanged) current[column] = Math.min(current[column]!, before[column - 2]! + 1)
    }
    before = above
    above = current
  }
  return above[to.length]!
}
