import { expect, it } from 'vitest'
import { trustOf } from './trust.ts'

it.each([
  ['opened today', { days: 0, photos: 100, sanctioned: 0 }, 'new'],
  ['old and without photos', { days: 1_000, photos: 4, sanctioned: 0 }, 'new'],
  ['a week old with five photos', { days: 7, photos: 5, sanctioned: 0 }, 'known'],
  ['three months old with fifty photos', { days: 90, photos: 50, sanctioned: 0 }, 'trusted'],
  ['trusted but for time', { days: 89, photos: 500, sanctioned: 0 }, 'known'],
  ['sanctioned for one of a few photos', { days: 500, photos: 60, sanctioned: 1 }, 'new'],
  ['sanctioned for one of many photos', { days: 500, photos: 200, sanctioned: 1 }, 'known'],
  ['sanctioned for many', { days: 500, photos: 200, sanctioned: 3 }, 'new'],
] as const)('takes an author who is %s for: %s', (_, record, trust) => {
  expect(trustOf(record)).toBe(trust)
})
