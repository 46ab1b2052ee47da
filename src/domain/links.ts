import { LinkifyIt } from 'linkify-it'

/** A part of a text: from `start` up to, but without, `end`, in UTF-16 units. */
export interface Span {
  start: number
  end: number
}

const linkify = new LinkifyIt({ fuzzyLink: true, fuzzyEmail: false, urlAuth: true })

/** Where the URLs of a text are: with any scheme or none, as clients would make links of them. */
export function findLinks(text: string): Span[] {
  const links = (linkify.match(text) ?? []).map(({ index, lastIndex }) => ({ start: index, end: lastIndex }))
  // linkify-it passes over schemes it has not been told of, ports that cannot be, and whatever follows a letter.
  for (const { index } of text.matchAll(/:\/\//g)) {
    if (isWithin(links, index)) continue
    const tail = index + 1
    const length = linkify.testSchemaAt(text, 'http:', tail) || /^[^\s<>"]*/.exec(text.slice(tail))![0].length
    links.push({ start: index, end: tail + length })
  }
  return links
}

/** Whether the unit at `position` belongs to one of `spans`. */
export function isWithin(spans: readonly Span[], position: number): boolean {
  return spans.some(({ start, end }) => start <= position && position < end)
}
