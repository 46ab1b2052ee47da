import { describe, expect, it } from 'vitest'
import { daysRemembered } from './memories.ts'

describe('a date remembers', () => {
  it.each([
    ['2026-05-01', [501]],
    ['2026-12-31', [1231]],
    ['2026-02-28', [228, 229]],
    ['2028-02-28', [228]],
    ['2028-02-29', [229]],
    ['2000-02-28', [228]],
    ['2100-02-28', [228, 229]],
    ['2026-03-01', [301]],
  ])('on %s the days %j', (date, days) => {
    expect(daysRemembered(date)).toEqual(days)
  })
})
