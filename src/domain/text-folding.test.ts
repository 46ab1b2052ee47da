import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fold } from './text-folding.ts'

/** Every code point that Unicode calls invisible unless it shapes something. */
const IGNORABLE = Array.from({ length: 0x110000 }, (_, code) => code)
  .filter((code) => code < 0xd800 || code > 0xdfff)
  .map((code) => String.fromCodePoint(code))
  .filter((character) => /\p{Default_Ignorable_Code_Point}/v.test(character))

describe('folding', () => {
  it.each([
    ['Zürich', 'zurich'],
    ['ZURICH', 'zurich'],
    ['Zu\u0308rich', 'zurich'],
    ['ΆΝΟΙΞΗ', 'ανοιξη'],
    ['ΟΔΟΣ οδός', 'οδοσ οδοσ'],
    ['Ёлка', 'елка'],
    ['STRASSE', 'strasse'],
    ['Straße', 'strasse'],
    ['GROẞ', 'gross'],
    ['Łódź', 'lodz'],
    ['Đà_Nẵng', 'da_nang'],
    ['Rønnow', 'ronnow'],
    ['RǾNNOW', 'ronnow'],
    ['œuvre', 'oeuvre'],
    ['ŒUVRE', 'oeuvre'],
    ['Ærø', 'aero'],
    ['Þórshöfn', 'thorshofn'],
    ['Seyðisfjörður', 'seydisfjordur'],
    ['Ħamrun', 'hamrun'],
    ['ısı ISI İsi', 'isi isi isi'],
    ['हिन्दी', 'हिन्दी'],
    ['කොළඹ', 'කොළඹ'],
    ['ไทย', 'ไทย'],
    ['בְּרֵאשִׁית', 'בְּרֵאשִׁית'],
    ['２０２６', '2026'],
    ['ﾗｰﾒﾝ', 'ラーメン'],
    ['夏～秋', '夏〜秋'],
    ['カ･ナ', 'カ・ナ'],
    ['coŀlecció', 'col·leccio'],
    ['写真', '写真'],
    ['한국어', '한국어'],
    ['dog’s', "dog's"],
    ['1\ufe0f\u20e3', '1'],
    ['دارک\u200cتیبل', 'دارکتیبل'],
    ['ශ්\u200dරී', 'ශ්රී'],
    ['👨\u200d👩\u200d👧', '👨\u200d👩\u200d👧'],
    ['❤\ufe0f\u200d🔥', '❤\u200d🔥'],
    [
      '🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}',
      '🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}',
    ],
  ])('of %s is %s', (text, folded) => {
    expect(fold(text)).toBe(folded)
  })

  it('drops every ignorable code point within a word', () => {
    expect(IGNORABLE.length).toBeGreaterThan(4_000)
    const kept = IGNORABLE.filter((character) => fold(`ab${character}cd`) !== 'abcd')
    expect(kept.map((character) => character.codePointAt(0)!.toString(16))).toEqual([])
  })

  it('meets in upper, lower and composed form', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(fold(text.normalize('NFD'))).toBe(fold(text))
        expect(fold(text.normalize('NFC'))).toBe(fold(text))
        expect(fold(text.toLowerCase())).toBe(fold(text))
        // Capitals write the iota below a Greek letter beside it.
        if (!text.normalize('NFD').includes('\u0345')) expect(fold(text.toUpperCase())).toBe(fold(text))
      }),
    )
  })

  it('of what is folded changes nothing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(fold(fold(text.toWellFormed()))).toBe(fold(text.toWellFormed()))
      }),
      { numRuns: 500 },
    )
  })
})
