import { describe, expect, it } from 'vitest'
import { inRequests } from './bulk.ts'

const operation = (bytes: number) => ({
  index: 'photos',
  id: 'a',
  version: 1,
  source: 'x'.repeat(bytes),
  overSame: false,
})

describe('a bulk request', () => {
  it('holds at most a thousand operations', () => {
    const requests = [...inRequests(Array.from({ length: 2_001 }, () => operation(1)))]
    expect(requests.map((each) => each.length)).toEqual([1_000, 1_000, 1])
  })

  it('holds at most five megabytes, or one larger document', () => {
    const requests = [...inRequests([2e6, 2e6, 2e6, 6e6, 1].map(operation))]
    expect(requests.map((each) => each.length)).toEqual([2, 1, 1, 1])
  })

  it('is not sent for nothing', () => {
    expect([...inRequests([])]).toEqual([])
  })
})
