import { describe, expect, it } from 'vitest'
import { MAX_SEARCH_TEXT_CHARACTERS, parseSearchText } from './search-text.ts'

describe('parseSearchText', () => {
  it.each([
    ['Sunset  at ZÜRICH', 'sunset at zurich', []],
    ['', '', []],
    ['   ', '', []],
    ['#Zürich', '', ['zurich']],
    ['lake #Zürich #zurich #写真 dawn', 'lake dawn', ['zurich', '写真']],
    ['"the #Sea side"', '"the side"', ['sea']],
    ['no#tag', 'no', ['tag']],
    ['# #_ ##', '# #_ ##', []],
    [`#${'x'.repeat(101)}`, `#${'x'.repeat(101)}`, []],
    ['*', '-', []],
    ['ａｂ\u3000ｃ', 'ab c', []],
  ])('%j → words %j, tags %j', (q, words, tags) => {
    expect(parseSearchText(q)).toEqual({ words, tags })
  })

  it('names the field that is too long', () => {
    const tooLong = 'x'.repeat(MAX_SEARCH_TEXT_CHARACTERS + 1)
    expect(() => parseSearchText(tooLong)).toThrowError(
      expect.objectContaining({ code: 'invalid', fields: [expect.objectContaining({ path: 'query.q' })] }),
    )
    expect(() => parseSearchText(tooLong.slice(1))).not.toThrow()
  })
})
