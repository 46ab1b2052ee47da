import { describe, expect, it } from 'vitest'
import { withDeadline } from './deadline.ts'

const never = new Promise<string>(() => {})

describe('withDeadline', () => {
  it('returns or throws what the work returns or throws', async () => {
    expect(await withDeadline(1_000, Promise.resolve(1), () => 2)).toBe(1)
    await expect(withDeadline(1_000, Promise.reject(new Error('own')), () => 2)).rejects.toThrow('own')
  })

  it('returns or throws what `late` does when the work takes longer', async () => {
    expect(await withDeadline(1, never, () => undefined)).toBeUndefined()
    const late = () => {
      throw new Error('late')
    }
    await expect(withDeadline(1, never, late)).rejects.toThrow('late')
  })
})
