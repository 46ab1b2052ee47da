import { describe, expect, it } from 'vitest'
import { CASE_PRIORITIES, priorityOf, reportWeight } from './moderation.ts'

const established = { accountAgeDays: 400, upheld: 0, dismissed: 0 }

describe('the weight of a report', () => {
  it('grows with the age of the account, and falls with what was dismissed', () => {
    const weights = [
      reportWeight({ ...established, accountAgeDays: 0 }),
      reportWeight({ ...established, accountAgeDays: 3 }),
      reportWeight({ ...established, dismissed: 4 }),
      reportWeight({ ...established, accountAgeDays: 10 }),
      reportWeight(established),
    ]
    expect(weights).toEqual([...weights].sort())
    expect(weights.at(-1)).toBe(1)
    expect(reportWeight({ ...established, upheld: 50, dismissed: 5 })).toBeGreaterThan(0.9)
  })

  it('makes a brigade of new accounts weigh as a few people do', () => {
    const brigade = 50 * reportWeight({ ...established, accountAgeDays: 0 })
    expect(priorityOf(['spam'], brigade)).toBe(priorityOf(['spam'], 5 * reportWeight(established)))
  })
})

describe('the priority of a case', () => {
  it.each([
    [['spam'], 1, 'low'],
    [['spam'], 2, 'normal'],
    [['spam'], 1_000, 'high'],
    [['hate'], 0.1, 'normal'],
    [['spam', 'child-safety'], 0.1, 'urgent'],
  ] as const)('for %j and a weight of %d is %s', (reasons, weight, priority) => {
    expect(CASE_PRIORITIES[priorityOf(reasons, weight)]).toBe(priority)
  })
})
