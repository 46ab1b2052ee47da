import { describe, expect, it } from 'vitest'
import { isNarrowing } from './visibility.ts'

describe('isNarrowing', () => {
  it.each([
    ['public', 'followers', true],
    ['public', 'private', true],
    ['followers', 'private', true],
    ['private', 'followers', false],
    ['followers', 'public', false],
    ['public', 'public', false],
  ] as const)('%s → %s: %s', (from, to, narrowing) => {
    expect(isNarrowing(from, to)).toBe(narrowing)
  })
})
