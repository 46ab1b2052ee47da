import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fold } from '../../../src/domain/text-folding.ts'
import { photosAlias } from '../../../src/infra/opensearch/versions.ts'
import { foldText } from '../../../src/services/search/search-text.ts'
import { ANYONE, freshWord, searchWorldOfFile } from '../../support/worlds/search-world.ts'

const world = await searchWorldOfFile()
const owner = await world.addUser()

const letters = (script: RegExp) =>
  Array.from({ length: 0x20000 }, (_, code) => String.fromCodePoint(code)).filter(
    (character) => /\p{L}/v.test(character) && script.test(character),
  )

/** The tokens that an analyzer or a filter of the index makes of each text, in order. */
async function tokensOf(
  texts: string[],
  by: { analyzer: string } | { filter: string[] },
): Promise<string[][]> {
  const analyzed = []
  for (const text of texts) {
    const { body } = await world.client.indices.analyze({
      index: photosAlias(world.prefix),
      body: { ...('filter' in by ? { tokenizer: 'keyword' } : {}), ...by, text: [text] },
    })
    analyzed.push((body.tokens ?? []).map(({ token }) => token))
  }
  return analyzed
}

describe('one folding', () => {
  it('knows every Latin letter that asciifolding knows', async () => {
    const latin = letters(/\p{Script=Latin}/v)
    expect(latin.length).toBeGreaterThan(1_300)
    const [analyzed] = await tokensOf([latin.map((letter) => letter.repeat(3)).join(' ')], {
      filter: ['asciifolding', 'lowercase'],
    })
    const differing = analyzed![0]!
      .split(' ')
      .map((word, index) => ({
        letter: latin[index]!,
        theirs: fold(word),
        ours: fold(latin[index]!.repeat(3)),
      }))
      .filter(({ theirs, ours }) => theirs !== ours)
    // Compatibility letters with a mark or a sign of their own: Unicode keeps it, Lucene drops it or takes ẛ for an f.
    expect(differing.map(({ letter }) => letter)).toEqual(['Ŀ', 'ŀ', 'ŉ', 'ẚ', 'ẛ'])
  })

  it('leaves the analyzers nothing to fold, in any script', async () => {
    const folded = [...new Set(letters(/\p{L}/v).map(fold))].filter((letter) => /^\S+$/.test(letter))
    const size = 500
    for (let from = 0; from < folded.length; from += size) {
      const text = folded.slice(from, from + size).join(' ')
      const [tokens] = await tokensOf([text], { filter: ['lowercase', 'asciifolding'] })
      const refolded = tokens![0]!.split(' ')
      expect(refolded.filter((letter, index) => letter !== folded[from + index])).toEqual([])
    }
  })

  it('makes the same tokens of every spelling', async () => {
    const spelling = fc.string({
      unit: fc.constantFrom(
        ...'aZøØłŁđĐæŒßıIİiéÉёЙΣςÅ',
        '\u0301',
        '\u0308',
        '\u200c',
        '\ufe0f',
        '１',
        'ﬁ',
        'ｱ',
      ),
      minLength: 1,
      maxLength: 12,
    })
    await fc.assert(
      fc.asyncProperty(spelling, async (word) => {
        const variants = [word, word.normalize('NFD'), word.toUpperCase(), `${word}\u200d`, fold(word)]
        const analyzed = await tokensOf(variants.map(foldText), { analyzer: 'exact' })
        for (const tokens of analyzed) expect(tokens).toEqual(analyzed[0])
      }),
      { numRuns: 60 },
    )
  })
})

/** A tag as its owner wrote it, and what others type to find it. */
const TAGS: [written: string, ...typed: string[]][] = [
  ['Łódź', 'lodz', 'ŁÓDŹ', 'Lo\u0301dz'],
  ['Đà_Nẵng', 'da_nang', 'đà_nẵng'],
  ['Rønnow', 'ronnow', 'RØNNOW'],
  ['œuvre', 'oeuvre', 'ŒUVRE'],
  ['Ærøskøbing', 'aeroskobing'],
  ['Straße', 'strasse', 'STRASSE', 'STRAẞE'],
  ['Þórshöfn', 'thorshofn'],
  ['ısı', 'isi', 'ISI', 'İSİ'],
  ['ΟΔΟΣ', 'οδός', 'οδοσ'],
  ['दिल्ली', 'दिल्ली'],
  ['دارک\u200cتیبل', 'دارکتیبل', 'دارک\u200dتیبل'],
  ['ක්\u200dරියා', 'ක්රියා'],
  ['夏休み', '夏休み', '夏\ufe0f休み', '夏\u3164休み'],
  ['葛\u{e0100}飾', '葛飾'],
  ['ﾗｰﾒﾝ', 'ラーメン'],
  ['夏〜秋', '夏～秋', '夏〜秋'],
  ['カ･ナ', 'カ・ナ', 'ｶ･ﾅ'],
  ['col·lecció', 'coŀleccio', 'COL·LECCIÓ'],
  ['צה״ל', 'צה״ל'],
  ['２０２６', '2026', '2026\ufe0f'],
  ['zero\u200bwidth', 'zerowidth', 'zero\u200bwidth'],
]

describe('a tag', () => {
  it.each(TAGS)('#%s is found by every spelling as tag, path, #tag and word', async (...spellings) => {
    const mark = freshWord()
    const ids = await world.publish({ owner, caption: `${mark} ＃${spellings[0]} ..` })
    // A mark of its own keeps out photos of other tests with the same tag.
    for (const typed of spellings) {
      for (const sign of ['', '#', '＃', '﹟']) {
        expect(await world.find(ANYONE, { q: mark, tag: sign + typed }), `tag=${sign}${typed}`).toEqual(ids)
        const list = await world.tagPage(ANYONE, { tag: sign + typed, limit: 100 })
        expect(list.items.map(({ photoId }) => photoId)).toContain(ids[0])
        if (sign === '') continue
        expect(await world.find(ANYONE, { q: `${mark} ${sign}${typed}` }), `q=${sign}${typed}`).toEqual(ids)
      }
      expect(await world.find(ANYONE, { q: `${mark} ${typed}` }), `q=${typed}`).toEqual(ids)
    }
  })

  it('finds nothing and is not a word if it has no visible character', async () => {
    const mark = freshWord()
    const ids = await world.publish({ owner, caption: `${mark} #\u3164 #\u200b` })
    for (const tag of ['#', '＃', '\u3164', '#\ufe0f', '\u{e0100}']) {
      expect(await world.find(ANYONE, { q: mark, tag })).toEqual([])
      expect((await world.tagPage(ANYONE, { tag, limit: 10 })).items).toEqual([])
    }
    expect(await world.find(ANYONE, { q: `${mark} #\u3164` })).toEqual(ids)
  })

  it('is not found inside a word, an entity or a URL, in captions or q', async () => {
    const mark = freshWord()
    const word = freshWord()
    const ids = await world.publish({
      owner,
      caption: `${mark} C#${word} &#${word}; https://ex.org/-#${word}`,
    })
    expect(await world.find(ANYONE, { q: mark, tag: word })).toEqual([])
    expect(await world.find(ANYONE, { q: `${mark} #${word}` })).toEqual([])
    expect(await world.find(ANYONE, { q: `${mark} C#${word}` })).toEqual(ids)
    expect(await world.find(ANYONE, { q: `${mark} https://ex.org/-#${word}` })).toEqual(ids)
  })
})

describe('words', () => {
  it('end at a zero-width space in Khmer and Thai', async () => {
    const mark = freshWord()
    const ids = await world.publish({ owner, caption: `${mark} ភ្នំ\u200bពេញ` })
    expect(await world.find(ANYONE, { q: `${mark} ពេញ` })).toEqual(ids)
  })

  it('distinguish emoji of several parts', async () => {
    const mark = freshWord()
    const flag = (region: string) =>
      `🏴${[...region].map((letter) => String.fromCodePoint(0xe0000 + letter.charCodeAt(0))).join('')}\u{e007f}`
    const [scotland] = await world.publish(
      { owner, caption: `${mark} ${flag('gbsct')}` },
      { owner, caption: `${mark} ${flag('gbwls')}` },
    )
    expect(await world.find(ANYONE, { q: `${mark} ${flag('gbsct')}` })).toEqual([scotland])
    const ids = await world.publish({ owner, caption: `${mark} ❤️‍🔥` })
    expect(await world.find(ANYONE, { q: `${mark} ❤‍🔥` })).toEqual(ids)
  })
})
