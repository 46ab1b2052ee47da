import { describe, expect, it } from 'vitest'
import { compileTextRules, type TextRule } from './text-rules.ts'

const SPAM: TextRule = { reason: 'spam', verdict: 'limit', words: 'buy followers' }

describe('compileTextRules', () => {
  it.each([
    'buy followers',
    'You can BUY  Followers here',
    'búy, fóllowers!',
    'buy\u200b followers',
    'ｂｕｙ ｆｏｌｌｏｗｅｒｓ',
  ])('finds words in %j', (text) => {
    expect(compileTextRules([SPAM]).match('caption', text)).toEqual({ reason: 'spam', verdict: 'limit' })
  })

  it.each(['buy more followers', 'buyfollowers', 'to buy', '', null])('finds no words in %j', (text) => {
    expect(compileTextRules([SPAM]).match('caption', text)).toBeUndefined()
  })

  it('finds words of any script', () => {
    const rules = compileTextRules([{ reason: 'test', verdict: 'limit', words: 'купить' }])
    expect(rules.match('comment', 'Где КУПИТЬ?')).toBeDefined()
  })

  it('finds patterns in folded text', () => {
    const rules = compileTextRules([{ reason: 'spam', verdict: 'limit', pattern: 'fr[e3]+ ?coins' }])
    expect(rules.match('comment', 'Get your FREEcoins')).toBeDefined()
    expect(rules.match('comment', 'coins are free')).toBeUndefined()
  })

  it('takes linear time for a pattern that would take for ever elsewhere', () => {
    const rules = compileTextRules([{ reason: 'slow', verdict: 'limit', pattern: '^(a+)+$' }])
    const since = performance.now()
    expect(rules.match('caption', `${'a'.repeat(2_000)}!`)).toBeUndefined()
    expect(performance.now() - since).toBeLessThan(1_000)
  })

  it('holds rules to their fields', () => {
    const rules = compileTextRules([{ ...SPAM, fields: ['comment', 'name'] }])
    expect(rules.match('caption', 'buy followers')).toBeUndefined()
    expect(rules.match('name', 'buy followers')).toBeDefined()
  })

  it('reports the gravest of the rules that a text breaks', () => {
    const rules = compileTextRules([SPAM, { reason: 'threat', verdict: 'quarantine', words: 'or else' }])
    expect(rules.match('comment', 'Buy followers, or else')).toEqual({
      reason: 'threat',
      verdict: 'quarantine',
    })
  })

  it.each([
    ['a pattern that is none', { reason: 'bad', verdict: 'limit', pattern: '(' }],
    ['no words', { reason: 'bad', verdict: 'limit', words: ' – ' }],
    ['neither', { reason: 'bad', verdict: 'limit' }],
  ] as const)('refuses a rule with %s, by its name', (_, rule) => {
    expect(() => compileTextRules([rule])).toThrow(/"bad"/)
  })
})
