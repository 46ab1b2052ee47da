import { describe, expect, it } from 'vitest'
import { MAX_SEARCH_TEXT_CHARACTERS } from '../../../src/services/search/search-text.ts'
import { ANYONE, freshWord, minutes, searchWorldOfFile } from '../../support/worlds/search-world.ts'

const world = await searchWorldOfFile()

describe('words', () => {
  it('match in any case and with or without accents, in text and tags', async () => {
    const owner = await world.addUser()
    const mark = freshWord()
    const ids = await world.publish(
      { owner, caption: `${mark} Zürich` },
      { owner, caption: `${mark} zurich` },
      { owner, caption: `${mark} #ZURICH` },
      { owner, caption: `${mark} Zu\u0308rich` },
      { owner, altText: `${mark} by ZÜRICH lake` },
    )
    for (const spelling of ['zurich', 'Zürich', 'ZURICH', 'Zu\u0308rich', 'ｚｕｒｉｃｈ']) {
      expect(await world.find(ANYONE, { q: `${mark} ${spelling}` }), spelling).toHaveLength(ids.length)
    }
  })

  it.each([
    ['Άνοιξη στην Αθήνα', 'ανοιξη'],
    ['Άνοιξη στην Αθήνα', 'ΑΘΗΝΑ'],
    ['Ёлка', 'елка'],
    ['Smørrebrød', 'smorrebrod'],
    ['Große Straße', 'STRASSE'],
    ['東京の写真', '写真'],
    ['東京の写真', '写'],
    ['हिन्दी दिवस', 'हिन्दी'],
    ['sunrise 🌅', '🌅'],
    ["the dog's bone", 'dog'],
    ['the dog’s bone', 'dogs'],
    ['new-york', 'York New'],
  ])('match in any script: %s is found by %s', async (caption, q) => {
    const owner = await world.addUser()
    const mark = freshWord()
    const ids = await world.publish({ owner, caption: `${mark} ${caption}` })
    expect(await world.find(ANYONE, { q: `${mark} ${q}` })).toEqual(ids)
  })

  it('stay distinct where folding must not join them', async () => {
    const owner = await world.addUser()
    const mark = freshWord()
    await world.publish({ owner, caption: `${mark} हिन्दी` })
    expect(await world.find(ANYONE, { q: `${mark} हनद` })).toEqual([])
  })

  it('match by English stems, the exact form first', async () => {
    const owner = await world.addUser()
    const mark = freshWord()
    const [exact, newerStem, newestStem] = await world.publish(
      { owner, caption: `${mark} running`, publishedAt: minutes(1) },
      { owner, caption: `${mark} run`, publishedAt: minutes(2) },
      { owner, caption: `${mark} runs`, publishedAt: minutes(3) },
    )
    expect(await world.find(ANYONE, { q: `${mark} running` })).toEqual([exact, newestStem, newerStem])
    expect(await world.find(ANYONE, { q: `${mark} running`, sort: 'recent' })).toEqual([
      newestStem,
      newerStem,
      exact,
    ])
  })

  it('must all occur, anywhere; a tag counts most', async () => {
    const owner = await world.addUser()
    const mark = freshWord()
    const [inTag, inCaption, spread] = await world.publish(
      { owner, caption: `${mark} #harbour`, publishedAt: minutes(1) },
      { owner, caption: `${mark} harbour`, publishedAt: minutes(2) },
      { owner, caption: mark, altText: 'a harbour', publishedAt: minutes(3) },
      { owner, caption: `${mark} port` },
    )
    expect(await world.find(ANYONE, { q: `harbour ${mark}` })).toEqual([inTag, inCaption, spread])
  })

  it('form a phrase in quotes', async () => {
    const owner = await world.addUser()
    const mark = freshWord()
    const [phrase] = await world.publish(
      { owner, caption: `${mark} to the lighthouse` },
      { owner, caption: `${mark} the lighthouse to see` },
    )
    expect(await world.find(ANYONE, { q: `"to the lighthouse" ${mark}` })).toEqual([phrase])
  })

  it('are taken literally, whatever is typed', async () => {
    const owner = await world.addUser()
    const mark = freshWord()
    const ids = await world.publish({ owner, caption: `${mark} sea` })
    for (const q of [
      `${mark} sea -- * ~ |`,
      `${mark} "sea`,
      `(${mark} sea)`,
      `+${mark} -sea`,
      `${mark} sea \\ / : ^ { } [ ]`,
    ]) {
      expect(await world.find(ANYONE, { q }), q).toEqual(ids)
    }
    for (const q of [
      '---',
      '"',
      '*',
      ' ＊ ',
      '/.*/',
      '\\',
      `${mark} se*`,
      `${mark} sae~1`,
      `${mark} OR`,
      '#',
      '_exists_:caption',
    ]) {
      expect(await world.find(ANYONE, { q }), q).toEqual([])
    }
  })

  it.each([
    ['one run of letters', 'x'.repeat(MAX_SEARCH_TEXT_CHARACTERS)],
    ['single letters', 'x '.repeat(MAX_SEARCH_TEXT_CHARACTERS / 2)],
    ['a script without spaces', '写真'.repeat(MAX_SEARCH_TEXT_CHARACTERS / 2)],
    ['quotes', '"'.repeat(MAX_SEARCH_TEXT_CHARACTERS)],
    ['phrases', '"写真写真"'.repeat(Math.floor(MAX_SEARCH_TEXT_CHARACTERS / 6))],
    ['emoji', '🦑'.repeat(MAX_SEARCH_TEXT_CHARACTERS)],
    ['a script beyond the first plane', '𠮷'.repeat(MAX_SEARCH_TEXT_CHARACTERS)],
    ['tags', '#写'.repeat(MAX_SEARCH_TEXT_CHARACTERS / 2)],
  ])('may be as long as the longest q: %s', async (_, q) => {
    expect(await world.find(ANYONE, { q })).toEqual([])
  })

  it.each([
    ['too long', 'x'.repeat(MAX_SEARCH_TEXT_CHARACTERS + 1)],
    ['too long once its ligatures are undone', '\ufdfa'.repeat(MAX_SEARCH_TEXT_CHARACTERS)],
  ])('are refused when %s', async (_, q) => {
    await expect(world.searchPage(ANYONE, { q, limit: 1 })).rejects.toMatchObject({
      code: 'invalid',
    })
  })
})

describe('filters', () => {
  it('find tags in any script and spelling, inside q and beside it', async () => {
    const owner = await world.addUser()
    const tag = freshWord()
    const [zurich, photo] = await world.publish(
      { owner, caption: `#${tag} #Zürich`, publishedAt: minutes(1) },
      { owner, caption: `#${tag} #写真 at dawn`, publishedAt: minutes(2) },
    )
    expect(await world.find(ANYONE, { q: `#${tag} #ZURICH` })).toEqual([zurich])
    expect(await world.find(ANYONE, { q: `#${tag}`, tag: 'zurich' })).toEqual([zurich])
    expect(await world.find(ANYONE, { q: `dawn #${tag.toUpperCase()}`, tag: '#写真' })).toEqual([photo])
    expect(await world.find(ANYONE, { q: `#${tag} #写` })).toEqual([])
    const list = await world.tagPage(ANYONE, { tag, limit: 10 })
    expect(list.items.map((card) => card.photoId)).toEqual([photo, zurich])
    expect(await world.tagPage(ANYONE, { tag: freshWord(), limit: 10 })).toEqual({
      items: [],
      nextCursor: null,
    })
  })

  it('select by user and time, newest first, even without q', async () => {
    const username = `Ada_${freshWord()}`
    const owner = await world.addUser(username)
    const ids = await world.publish(...[1, 2, 3, 4].map((at) => ({ owner, publishedAt: minutes(at) })))
    expect(await world.find(ANYONE, { user: username })).toEqual(ids.toReversed())
    expect(await world.find(ANYONE, { user: username.toUpperCase(), q: '  ' })).toEqual(ids.toReversed())
    expect(await world.find(ANYONE, { user: username, from: minutes(2), to: minutes(4) })).toEqual([
      ids[2],
      ids[1],
    ])
    expect(await world.find(ANYONE, { user: username, from: minutes(5) })).toEqual([])
    expect(await world.find(ANYONE, { user: 'nobody-of-this-name' })).toEqual([])
  })
})
