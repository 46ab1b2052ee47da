import { describe, expect, it } from 'vitest'
import { DAY_MS, STRIKE_MS } from './moderation.ts'
import { measuresOf, type Strike } from './strikes.ts'

const THRESHOLDS = { limit: 2, suspend: 3, suspendLonger: 5 }
const day = (n: number) => new Date(n * DAY_MS)
const strikes = (...days: number[]): Strike[] =>
  days.map((n) => ({ at: day(n), until: new Date(n * DAY_MS + STRIKE_MS) }))

describe('strikes', () => {
  it('bring nothing before there are enough', () => {
    expect(measuresOf([], THRESHOLDS)).toEqual([])
    expect(measuresOf(strikes(3), THRESHOLDS)).toEqual([])
  })

  it('limit the account until fewer than two are left', () => {
    expect(measuresOf(strikes(9, 3), THRESHOLDS)).toEqual([{ action: 'limit', until: day(93) }])
  })

  it('suspend it for a week from the third, for 90 days from the fifth', () => {
    const suspension = (...days: number[]) => measuresOf(strikes(...days), THRESHOLDS)[1]
    expect(suspension(9, 3)).toBeUndefined()
    expect(suspension(1, 9, 3)).toEqual({ action: 'suspend', until: day(16) })
    expect(suspension(1, 9, 3, 4)).toEqual({ action: 'suspend', until: day(16) })
    expect(suspension(1, 9, 3, 4, 5)).toEqual({ action: 'suspend', until: day(99) })
  })
})
