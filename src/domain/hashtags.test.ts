import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_ITEMS } from './limits.ts'
import { extractHashtags, foldTag, tagNamed } from './hashtags.ts'

const tagsOf = (caption: string) => extractHashtags(caption).map(({ tag }) => tag)

describe('hashtags', () => {
  it('are of any script, once each, in order, as written', () => {
    expect(extractHashtags('#Sun, #sea #SUN! #写真 no#tag ## #_ #snow_2026')).toEqual([
      { tag: 'sun', display: 'Sun' },
      { tag: 'sea', display: 'sea' },
      { tag: '写真', display: '写真' },
      { tag: 'snow_2026', display: 'snow_2026' },
    ])
  })

  it.each([
    // A `#` counts at the start, or after what is not part of a word.
    ['#start', ['start']],
    [
      '(#paren) "#quoted" «#guillemets» —#dash 。#fullstop',
      ['paren', 'quoted', 'guillemets', 'dash', 'fullstop'],
    ],
    ['##twice', ['twice']],
    ['line\n#next', ['next']],
    ['🌅#dawn', ['dawn']],
    ['❤️#love', ['love']],
    ['C#sharp F#minor item_#a 3#b 写真#夏 हिन्दी#x Zu\u0308#y', []],
    ['a\u200d#b a\ufe0f#b a\u3164#b', []],
    ['#one#two', ['one']],
    // Entities.
    ['it&#039;s &#x27;so&#x27; &＃８１; &amp; #real', ['real']],
    // Keycaps.
    ['#\ufe0f\u20e3travel', []],
    ['#\u20e3travel', []],
    ['#\ufe0ftravel', ['travel']],
    ['#1\ufe0f\u20e3', ['1']],
    // Other forms of the sign.
    ['＃夏休み ﹟夏休み #夏休み', ['夏休み']],
    ['Ｃ＃sharp', []],
    // Words with punctuation inside.
    ['#夏〜秋 #夏～秋', ['夏〜秋']],
    ['#カ･ナ #カ・ナ', ['カ・ナ']],
    ['#col·lecció #COL·LECCIÓ #coŀleccio', ['col·leccio']],
    ['#צה״ל #בית־ספר', ['צה״ל', 'בית־ספר']],
    ['#བོད་ཡིག་', ['བོད་ཡིག']],
    ['#ラーメン〜！ #東京・ #end· #·start', ['ラーメン', '東京', 'end']],
    ["#dog's #rock'n'roll #new-york #v1.2", ['dog', 'rock', 'new', 'v1']],
    // Invisible characters.
    ['#دارک\u200cتیبل #دارکتیبل', ['دارکتیبل']],
    ['#2026\ufe0f #2026', ['2026']],
    ['#葛\u{e0100}飾 #葛飾', ['葛飾']],
    ['#soft\u00adhyphen', ['softhyphen']],
    ['#\u3164 #\u115f\u1160 #\uffa0 #\u200b #\u2800 #\ufe0f #\u{e0100} #_\u3164', []],
    ['#\u200babc #\u3164abc #abc\u3164', ['abc']],
    ['#\u0301abc', []],
    // Emoji end a tag.
    ['#beach🏖 #sea\u200d🌊 #sun☀️', ['beach', 'sea', 'sun']],
  ])('of %j are %j', (caption, tags) => {
    expect(tagsOf(caption)).toEqual(tags)
  })

  it.each([
    'https://ex.org/p?a=1#section',
    'HTTPS://EX.ORG/-#Section',
    'http://ex.org/?q=#section',
    'https://ex.org/!#section',
    'https://user:pa-#section@ex.org/',
    'http://localhost:3000/-#section',
    'http://[::1]:8080/-#section',
    'http://192.168.0.1/-#section',
    'http://ex.org:99999/-#section',
    'https://例え.jp/?#section',
    'https://ex.org/(#section)',
    'https://ex.org/#/-/#section',
    'www.ex.org/-#section',
    'ex.org/?#section',
    '//ex.org/-#section',
    'ftp://ex.org/-#section',
    'gemini://ex.org/-#section',
    'matrix+x://room/-#section',
  ])('are not within %s', (url) => {
    expect(tagsOf(url)).toEqual([])
    expect(tagsOf(`#a ${url} #b`)).toEqual(['a', 'b'])
    expect(tagsOf(`#a (${url}) #b`)).toEqual(['a', 'b'])
    if (url.includes('://')) expect(tagsOf(`#a 写真${url} #b`)).toEqual(['a', 'b'])
  })

  it('begin again where a URL ends', () => {
    expect(tagsOf('(https://ex.org/a)#paren <https://ex.org/b>#angle')).toEqual(['paren', 'angle'])
  })

  it('keep joiners and variation selectors as the only invisible characters', () => {
    expect(extractHashtags('#دارک\u200cتیبل')[0]!.display).toBe('دارک\u200cتیبل')
    expect(extractHashtags('#ශ්\u200dරී')[0]!.display).toBe('ශ්\u200dරී')
    expect(extractHashtags('#葛\u{e0100}飾')[0]!.display).toBe('葛\u{e0100}飾')
    expect(extractHashtags('#a\u202eb\u3164c\u200d 🏖')[0]!.display).toBe('abc')
  })

  it('meet themselves in decomposed form', () => {
    expect(extractHashtags('#Zu\u0308rich')[0]?.tag).toBe('zurich')
  })

  it('count at most 30', () => {
    expect(extractHashtags(Array.from({ length: 99 }, (_, i) => `#t${i}`).join(' '))).toHaveLength(
      MAX_ITEMS.tagsPerPhoto,
    )
  })

  it('ignores tags longer than the stored limit', () => {
    expect(extractHashtags(`#a${'\u0301'.repeat(500)} #b`)).toEqual([{ tag: 'b', display: 'b' }])
  })

  it('are found in long captions at once', () => {
    const startedAt = performance.now()
    for (const part of [
      '#',
      '#a',
      '#\u200b',
      '#a\u200b',
      '#a·',
      'a.',
      'http://',
      '://',
      '//',
      '#_',
      '\u3164#',
    ]) {
      extractHashtags(part.repeat(Math.floor(2_200 / part.length)))
    }
    expect(performance.now() - startedAt).toBeLessThan(1_000)
  })

  it('are named with or without any form of the sign', () => {
    for (const given of ['Łódź', '#Łódź', '＃LODZ', '﹟lo\u0301dz\u200b', '\ufe0f#łódź']) {
      expect(tagNamed(given), given).toBe('lodz')
    }
    for (const nothing of ['', '#', '\u3164', '＃\u200b', '\ufe0f']) expect(tagNamed(nothing)).toBe('')
  })

  it('are named by their folded and by their shown form', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (text) => {
        for (const { tag, display } of extractHashtags(`#${text}`)) {
          expect(foldTag(tag)).toBe(tag)
          expect(tagNamed(tag)).toBe(tag)
          expect(tagNamed(`#${display}`)).toBe(tag)
          expect(display).toMatch(/^[\p{L}\p{N}_]/v)
        }
      }),
      { numRuns: 500 },
    )
  })
})
