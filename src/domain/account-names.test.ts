import { describe, expect, it } from 'vitest'
import { MAX_ITEMS } from './limits.ts'
import { wordsOfAccount, wordsOfNameQuery } from './account-names.ts'

describe('the words of an account', () => {
  it.each([
    ['ada', null, ['ada']],
    ['ada.l', 'Ada Lovelace', ['ada.l', 'ada', 'lovelace', 'l']],
    ['x', 'Jean-Luc “Øyvind” Ærø', ['x', 'jean-luc', 'oyvind', 'aero', 'jean', 'luc']],
    ['x', '★ 東京 カメラ ★', ['x', '東京', 'カメラ']],
    ['x', '🙂', ['x']],
    ['x', 'ＦＵＬＬ', ['x', 'full']],
  ])('of %s, %s are folded tokens and their parts', (username, displayName, words) => {
    expect(wordsOfAccount(username, displayName)).toEqual(words)
  })

  it('are bounded in number and length', () => {
    const words = wordsOfAccount('a-b-c-d-e-f-g-h-i-j-k-l-m-n-o-p-q-r-s-t-u-v', 'ﷺ'.repeat(100))
    expect(words.length).toBeLessThanOrEqual(MAX_ITEMS.wordsPerAccount)
    expect(Math.max(...words.map((word) => [...word].length))).toBeLessThanOrEqual(64)
  })
})

describe('the words of a query', () => {
  it.each([
    ['Ada', ['ada']],
    ['@ada.l', ['ada.l']],
    ['a  LÖVE', ['love', 'a']],
    ['"Jean-Luc"', ['jean-luc']],
    ['ada_', ['ada']],
    ['…', []],
    ['', []],
  ])('of %s are folded, the longest first', (query, words) => {
    expect(wordsOfNameQuery(query)).toEqual(words)
  })

  it('are found among the words of whoever bears the name', () => {
    for (const name of ['Jean-Luc', 'O’Neill', 'Зоя', '東京', 'ada.l', 'Łukasz'])
      for (const word of wordsOfNameQuery(name))
        expect(
          wordsOfAccount('x', name).some((one) => one.startsWith(word)),
          name,
        ).toBe(true)
  })
})
