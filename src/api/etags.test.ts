import { describe, expect, it } from 'vitest'
import { etagOf, tagsOf, versionsOf } from './etags.ts'

describe('etags', () => {
  it('differ by response and start with the version', () => {
    expect(etagOf('{}')).toMatch(/^W\/"[\w-]{22}"$/)
    expect(etagOf('{}', 7)).toMatch(/^W\/"7\.[\w-]{22}"$/)
    expect(etagOf('{}')).not.toBe(etagOf('[]'))
  })

  it.each([
    ['*', '*'],
    ['W/"a"', ['a']],
    ['"a", W/"b" ,"c"', ['a', 'b', 'c']],
    ['a', []],
    ['"a" "b"', []],
    ['', []],
  ])('tagsOf(%j)', (header, expected) => {
    expect(tagsOf(header)).toEqual(expected)
  })

  it.each([
    ['', undefined],
    ['*', undefined],
    [etagOf('{}', 12), [12]],
    ['W/"3.x", W/"4.y"', [3, 4]],
    ['W/"x.3"', []],
    ['nonsense', []],
  ])('versionsOf(%j)', (header, expected) => {
    expect(versionsOf(header)).toEqual(expected)
  })

  it('reads at most 20 tags', () => {
    expect(tagsOf('"a",'.repeat(1_000))).toHaveLength(20)
  })
})
