import { findHashtags } from '../../domain/hashtags.ts'
import { formOf, isSameWord, type EnglishForm } from './english-forms.ts'
import { foldText, type SearchText } from './search-text.ts'
import { isUnspaced, wordsIn } from './words.ts'

/** Where a text has what was searched for: from and to, in code points, the second exclusive. */
export interface Highlight {
  field: 'caption' | 'altText'
  ranges: [from: number, to: number][]
}

/** More of them would only colour the whole text. */
const MAX_RANGES = 50

/**
 * Marks the words, phrases and tags of a search in what is shown of a photo. It looks at the texts themselves and not at the index, so that
 * a highlight is always of what the viewer reads. English forms are compared by their endings: a rare one may be found and not marked.
 */
export function highlightsOf(
  { words, tags }: SearchText,
  texts: { caption: string | null; altText: string | null },
): Highlight[] {
  const phrases = phrasesOf(words)
  const found: Highlight[] = []
  for (const field of ['caption', 'altText'] as const) {
    const text = texts[field]
    if (text === null) continue
    const spans = [...phraseSpans(text, phrases), ...(field === 'caption' ? tagSpans(text, tags) : [])]
    const ranges = inCodePoints(text, merged(spans)).slice(0, MAX_RANGES)
    if (ranges.length > 0) found.push({ field, ranges })
  }
  return found
}

type Span = [from: number, to: number]

/** Words that must follow each other; a word outside quotes is a phrase of its own. */
function phrasesOf(words: string): EnglishForm[][] {
  const phrases: EnglishForm[][] = []
  for (const [, quoted, single] of words.matchAll(/"([^"]*)"|([^"\s]+)/g)) {
    // Outside quotes, too, what a dash joins is searched as words, each anywhere.
    if (quoted !== undefined) phrases.push(wordsIn(quoted).map(({ folded }) => formOf(folded)))
    else phrases.push(...wordsIn(single!).map(({ folded }) => [formOf(folded)]))
  }
  return phrases.filter((phrase) => phrase.length > 0)
}

function phraseSpans(text: string, phrases: readonly EnglishForm[][]): Span[] {
  if (phrases.length === 0) return []
  const words = wordsIn(text).map((word) => ({ ...word, form: formOf(word.folded) }))
  return phrases.flatMap((phrase) =>
    phrase.length === 1 && isUnspaced(phrase[0]!.word)
      ? charactersIn(text, phrase[0]!.word)
      : words.flatMap(({ from }, at) => {
          const last = words[at + phrase.length - 1]
          const found = last && phrase.every((form, nth) => isSameWord(words[at + nth]!.form, form))
          return found ? [[from, last.to] as Span] : []
        }),
  )
}

/** Where the characters of a word stand, which may be within what looks like one word. */
function charactersIn(text: string, word: string): Span[] {
  const starts: number[] = []
  let folded = ''
  let at = 0
  for (const character of text) {
    const one = foldText(character)
    for (let unit = 0; unit < one.length; unit++) starts.push(at)
    folded += one
    at += character.length
  }
  starts.push(at)
  const spans: Span[] = []
  for (let found = folded.indexOf(word); found !== -1; found = folded.indexOf(word, found + word.length))
    spans.push([starts[found]!, starts[found + word.length]!])
  return spans
}

function tagSpans(text: string, tags: readonly string[]): Span[] {
  if (tags.length === 0) return []
  return findHashtags(text)
    .filter(({ tag }) => tags.includes(tag))
    .map(({ start, end }): Span => [start, end])
}

function merged(spans: Span[]): Span[] {
  const result: Span[] = []
  for (const [from, to] of spans.sort((left, right) => left[0] - right[0] || left[1] - right[1])) {
    const last = result.at(-1)
    if (last && from < last[1]) last[1] = Math.max(last[1], to)
    else result.push([from, to])
  }
  return result
}

function inCodePoints(text: string, spans: readonly Span[]): Span[] {
  let units = 0
  let points = 0
  const to = (unit: number) => {
    points += [...text.slice(units, unit)].length
    units = unit
    return points
  }
  return spans.map(([from, end]) => [to(from), to(end)])
}
