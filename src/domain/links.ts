import { LinkifyIt } from 'linkify-it'

/** A part of a text: from `start` up to, but without, `end`, in UTF-16 units. */
export interface Span {
  start: number
  end: number
}

const linkify = new LinkifyIt({ fuzzyLink: true, fuzzyEmail: false, urlAuth: true })

/** Finds the URLs in a text, with any scheme or none, as clients would link them. */
export function findLinks(text: string): Span[] {
  const links = (linkify.match(text) ?? []).map(({ index, lastIndex }) => ({ start: index, end: lastIndex }))
  // linkify-it skips schemes that it does not know, impossible ports, and anything after a letter.
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
