import { describe, expect, it } from 'vitest'
import { graver, verdictOnScores } from './screening.ts'

const thresholds = { limit: 0.8, quarantine: 0.95 }

describe('verdictOnScores', () => {
  it.each([
    [0.79, 'allow'],
    [0.8, 'limit'],
    [0.949, 'limit'],
    [0.95, 'quarantine'],
  ])('says of the score %d: %s', (nsfw, verdict) => {
    expect(verdictOnScores({ nsfw }, thresholds)).toBe(verdict)
  })

  it('follows the highest of several labels', () => {
    expect(verdictOnScores({ nudity: 0.1, gore: 0.96 }, thresholds)).toBe('quarantine')
  })

  it('allows what has no scores', () => {
    expect(verdictOnScores({}, thresholds)).toBe('allow')
  })

  it('never limits where both thresholds are the same', () => {
    expect(verdictOnScores({ nsfw: 0.9 }, { limit: 0.9, quarantine: 0.9 })).toBe('quarantine')
  })
})

describe('graver', () => {
  it('does not depend on the order', () => {
    expect([graver('allow', 'limit'), graver('limit', 'allow')]).toEqual(['limit', 'limit'])
    expect([graver('quarantine', 'limit'), graver('limit', 'quarantine')]).toEqual([
      'quarantine',
      'quarantine',
    ])
  })
})
