import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { extractHashtags, foldTag, MAX_TAGS_PER_PHOTO } from './hashtags.ts'

describe('hashtags', () => {
  it.each([
    ['Zürich', 'zurich'],
    ['ZURICH', 'zurich'],
    ['ΆΝΟΙΞΗ', 'ανοιξη'],
    ['Ёлка', 'елка'],
    ['STRASSE', 'strasse'],
    ['Straße', 'strasse'],
    ['हिन्दी', 'हिन्दी'],
    ['２０２６', '2026'],
    ['写真', '写真'],
  ])('folds %s to %s', (tag, folded) => {
    expect(foldTag(tag)).toBe(folded)
  })

  it('finds tags of any script, once each, in order', () => {
    expect(extractHashtags('#Sun, #sea #SUN! #写真 no#tag ## #_ #snow_2026')).toEqual([
      { tag: 'sun', display: 'Sun' },
      { tag: 'sea', display: 'sea' },
      { tag: '写真', display: '写真' },
      { tag: 'tag', display: 'tag' },
      { tag: 'snow_2026', display: 'snow_2026' },
    ])
  })

  it('meets itself in decomposed form', () => {
    expect(extractHashtags('#Zu\u0308rich')[0]?.tag).toBe('zurich')
  })

  it('counts at most 30', () => {
    expect(extractHashtags(Array.from({ length: 99 }, (_, i) => `#t${i}`).join(' '))).toHaveLength(
      MAX_TAGS_PER_PHOTO,
    )
  })

  it('are none when longer than what is stored of them', () => {
    expect(extractHashtags(`#a${'\u0301'.repeat(500)} #b`)).toEqual([{ tag: 'b', display: 'b' }])
  })

  it('folding is idempotent', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (s) => foldTag(foldTag(s)) === foldTag(s)))
  })
})
