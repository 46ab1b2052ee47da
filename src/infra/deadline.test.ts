import { describe, expect, it } from 'vitest'
import { withDeadline } from './deadline.ts'

const never = new Promise<string>(() => {})

describe('withDeadline', () => {
  it('gives what the work gives, be it an error', async () => {
    expect(await withDeadline(1_000, Promise.resolve(1), () => 2)).toBe(1)
    await expect(withDeadline(1_000, Promise.reject(new Error('own')), () => 2)).rejects.toThrow('own')
  })

  it('gives what `late` gives when the work takes longer, be it an error', async () => {
    expect(await withDeadline(1, never, () => undefined)).toBeUndefined()
    const late = () => {
      throw new Error('late')
    }
    await expect(withDeadline(1, never, late)).rejects.toThrow('late')
  })
})
