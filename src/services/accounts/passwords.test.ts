import { hash } from '@node-rs/argon2'
import { describe, expect, it } from 'vitest'
import { createPasswords } from './passwords.ts'

describe('passwords', () => {
  const passwords = createPasswords()

  it('match only their own argon2id hash', async () => {
    const hash = await passwords.hash('correct horse')
    expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
    expect(await passwords.matches('correct horse', hash)).toBe(true)
    expect(await passwords.matches('incorrect horse', hash)).toBe(false)
    expect(await passwords.matches('no account has this password', undefined)).toBe(false)
  })

  it('are refused when too many arrive at once; the others are served', async () => {
    const settled = await Promise.allSettled(Array.from({ length: 140 }, () => passwords.hash('x')))
    const refused = settled.filter(({ status }) => status === 'rejected')
    expect(refused.length).toBeGreaterThan(0)
    expect(refused.length).toBeLessThan(40)
    for (const { reason } of refused as PromiseRejectedResult[]) expect(reason.code).toBe('unavailable')
    await expect(passwords.hash('y')).resolves.toMatch(/^\$argon2id/)
  })

  it('of one network wait in a part of the line, and others go on', async () => {
    const flood = Array.from({ length: 60 }, () => passwords.hash('x', '203.0.113.7'))
    const other = passwords.matches('y', undefined, '198.51.100.1')
    const settled = await Promise.allSettled(flood)
    expect(settled.filter(({ status }) => status === 'rejected').length).toBeGreaterThan(30)
    await expect(other).resolves.toBe(false)
  })

  it('are outdated once they were hashed with other parameters', async () => {
    expect(passwords.isOutdated(await passwords.hash('x'))).toBe(false)
    expect(passwords.isOutdated(await hash('x', { memoryCost: 8, timeCost: 1 }))).toBe(true)
  })
})
