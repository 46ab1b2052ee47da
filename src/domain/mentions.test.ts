import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { extractMentions } from './mentions.ts'

describe('mentions', () => {
  it.each([
    ['hello @ada', ['ada']],
    ['@ada', ['ada']],
    ['(@ada) "@bob" «@eve»', ['ada', 'bob', 'eve']],
    ['@ada, @bob; @eve!', ['ada', 'bob', 'eve']],
    ['＠ada and ...@bob', ['ada', 'bob']],
    ["@ada’s boat, @bob's too", ['ada', 'bob']],
    ['见@ada', []],
    ['no one', []],
    ['@ ada @', []],
  ])('of %j', (text, expected) => {
    expect(extractMentions(text)).toEqual(expected)
  })

  it('leave punctuation at the end to the sentence', () => {
    expect(extractMentions('Thanks @ada. And @bob... @eve-')).toEqual(['ada', 'bob', 'eve'])
    expect(extractMentions('@ada.l @ada-l @ada_ @9')).toEqual(['ada.l', 'ada-l', 'ada_', '9'])
  })

  it('are compared regardless of case, and each counts once', () => {
    expect(extractMentions('@Ada @ADA @bob @ada')).toEqual(['ada', 'bob'])
  })

  it.each([
    'ada@example.org',
    'ada.l+photos@example.org',
    'Ada <ada@example.org>',
    '@ada@example.org',
    '@ada-l@example.org',
    'https://example.org/@ada',
    'example.org/@ada/42',
    'see http://example.org/?q=@ada',
    'a@@ada',
  ])('are none in %j', (text) => {
    expect(extractMentions(text)).toEqual([])
  })

  it.each(['@adaé', '@ada_é', `@${'a'.repeat(65)}`])('are taken whole or not at all: %j', (text) => {
    expect(extractMentions(text)).toEqual([])
  })

  it('of a longest name count, and no more than ten', () => {
    expect(extractMentions(`@${'a'.repeat(64)}`)).toEqual(['a'.repeat(64)])
    const many = Array.from({ length: 15 }, (_, n) => `@user${n}`)
    expect(extractMentions(many.join(' '))).toHaveLength(10)
  })

  it('take no time to speak of, whatever the text', () => {
    const text = fc.stringMatching(/^[@a.\-_ /:]{0,2200}$/)
    fc.assert(
      fc.property(text, (given) => {
        const startedAt = performance.now()
        extractMentions(given)
        expect(performance.now() - startedAt).toBeLessThan(500)
      }),
      { numRuns: 50 },
    )
    for (const given of ['@', '@a', '@a.', 'a@', '@a-@'].map((part) => part.repeat(1_000)))
      extractMentions(given)
  })
})
