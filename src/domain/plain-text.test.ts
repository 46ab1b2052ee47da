import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BLANK_RANGES, isBlank, withHarmlessBidi } from './plain-text.ts'

const CONTROLS = ['\u202a', '\u202b', '\u202c', '\u202d', '\u202e', '\u2066', '\u2067', '\u2068', '\u2069']

describe('bidirectional controls', () => {
  it.each([
    ['an override', 'Ada\u202egpj.exe', 'Adagpj.exe'],
    ['a closed override', 'a\u202dbc\u202cd', 'abcd'],
    ['an isolate left open', 'Ada\u2067', 'Ada'],
    ['an embedding left open', '\u202bAda', 'Ada'],
    ['ends without a beginning', 'A\u2069d\u202ca', 'Ada'],
    ['an embedding that an isolate closes', '\u2066a\u202bb\u2069c', '\u2066ab\u2069c'],
    ['an embedding that is closed within another isolate', '\u202ba\u2066b\u202cc\u2069', 'a\u2066bc\u2069'],
    ['a pair that a line break parts', '\u2067a\nb\u2069', 'a\nb'],
    ['a pair that a paragraph separator parts', '\u2067a\u2029b\u2069', 'a\u2029b'],
  ])('lose %s', (_, text, harmless) => {
    expect(withHarmlessBidi(text)).toBe(harmless)
  })

  it.each([
    ['a right-to-left name', 'עדה לאבלייס'],
    ['an isolated name', '\u2067עדה\u2069 (Ada)'],
    ['an embedded number', '\u202a+44 20 7946 0000\u202c'],
    ['nested pairs', '\u2068a\u202bb\u2066c\u2069d\u202ce\u2069'],
    ['directional marks', 'עדה\u200f! \u200eC++\u200e \u061c'],
    ['joiners and emoji', 'دارک\u200cتیبل 👨‍👩‍👧 ශ්\u200dරී ❤️'],
    ['pairs in two paragraphs', '\u2067a\u2069\n\u202bb\u202c'],
  ])('keep %s', (_, text) => {
    expect(withHarmlessBidi(text)).toBe(text)
  })

  it('are balanced afterwards, with all else in place', () => {
    const unit = fc.constantFrom(...CONTROLS, 'a', 'ש', '\n', '🏖')
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 40 }), (text) => {
        const harmless = withHarmlessBidi(text)
        expect(withHarmlessBidi(harmless)).toBe(harmless)
        const visible = (given: string) => [...given].filter((one) => !CONTROLS.includes(one)).join('')
        expect(visible(harmless)).toBe(visible(text))
        // Closed in order and within the line: taking innermost pairs away leaves none.
        let left = harmless.replaceAll(/[^\u202a-\u202e\u2066-\u2069\n]/gu, '')
        for (let length = -1; length !== left.length;) {
          length = left.length
          left = left.replaceAll(/[\u202a\u202b]\u202c|[\u2066-\u2068]\u2069/gu, '')
        }
        expect(left.replaceAll('\n', '')).toBe('')
      }),
      { numRuns: 1_000 },
    )
  })
})

describe('blank text', () => {
  it.each([
    '',
    ' \t\n',
    '\u3164',
    '\u200b\u200b',
    '\u115f\u1160',
    '\uffa0',
    '\u2800',
    '\ufeff',
    '\u00ad',
    '\u{e0100}',
    '\u180e',
    '\u200f\u2067\u2069',
    '\u2028\u2029\u3000\u00a0',
  ])('is %j', (text) => {
    expect(isBlank(text)).toBe(true)
  })

  it.each(['a', '.', '\u3164a', '🏖', 'ش', '0', '_', '\u0301'])('is not %j', (text) => {
    expect(isBlank(text)).toBe(false)
  })

  it('lists the characters that show nothing', () => {
    const listed = new RegExp(`^[${BLANK_RANGES}]$`, 'u')
    const others: string[] = []
    for (let code = 0; code <= 0x10_ffff; code++) {
      const character = String.fromCodePoint(code)
      if (listed.test(character) !== isBlank(character)) others.push(code.toString(16))
    }
    expect(others).toEqual([])
  })
})
