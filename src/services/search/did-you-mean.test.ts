import { describe, expect, it } from 'vitest'
import type { PhotoCard } from '../photos/photo-cards.ts'
import { didYouMean, editDistance } from './did-you-mean.ts'
import { parseSearchText } from './search-text.ts'

const cards = (...captions: string[]) =>
  captions.map((caption) => ({ caption, altText: null, tags: [] }) as unknown as PhotoCard)

describe('did you mean', () => {
  it.each([
    ['sunst', ['A sunset', 'Sunset!'], 'sunset'],
    ['zurihc lake', ['Zürich, lake'], 'zurich lake'],
    ['harbuor #zurich', ['The harbour'], 'harbour #zurich'],
    ['"old habour" dawn', ['An old harbour, dawn'], '"old harbour" dawn'],
    ['lisbom', ['Lisbon', 'Lisboa', 'Lisbon'], 'lisbon'],
  ])('%j is, by %j, %j', (q, captions, meant) => {
    expect(didYouMean(parseSearchText(q), cards(...captions))).toBe(meant)
  })

  it.each([
    ['sunset', ['A sunset']],
    ['runs', ['running']],
    ['sunst', []],
    ['sunst', ['nothing like it']],
    ['', ['A sunset']],
    ['写心', ['写真']],
    ['one two three four five sixx', ['one two three four five six']],
  ])('%j means nothing else by %j', (q, captions) => {
    expect(didYouMean(parseSearchText(q), cards(...captions))).toBeNull()
  })

  it('counts edits as people make them', () => {
    expect(editDistance('zurihc', 'zurich')).toBe(1)
    expect(editDistance('harbor', 'harbour')).toBe(1)
    expect(editDistance('sea', 'sky')).toBe(2)
    expect(editDistance('', 'ab')).toBe(2)
  })
})
