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
    ['no#tag', 'no#tag', []],
    ['sea ＃Łódź, ﹟夏～秋', 'sea ,', ['lodz', '夏〜秋']],
    ['https://ex.org/-#tag', 'https://ex.org/-#tag', []],
    ['it&#039;s', 'it&#039;s', []],
    ['#\u3164 #️⃣travel', '# #travel', []],
    ['ភ្នំ\u200bពេញ', 'ភ្នំ ពេញ', []],
    ['# #_ ##', '# #_ ##', []],
    [`#${'x'.repeat(101)}`, `#${'x'.repeat(101)}`, []],
    ['*', '-', []],
    ['ａｂ\u3000ｃ', 'ab c', []],
  ])('splits %j into words %j and tags %j', (q, words, tags) => {
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
