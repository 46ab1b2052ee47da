import { describe, expect, it } from 'vitest'
import { createSealedSecrets } from './sealed-secrets.ts'

const key = (kid: string) => ({ kid, secret: new TextEncoder().encode(`the key ${kid}`) })
const secret = Buffer.from('twenty random bytes!')

describe('a sealed secret', () => {
  const today = createSealedSecrets([key('k2'), key('k1')], 'test')
  const before = createSealedSecrets([key('k1')], 'test')

  it('opens for its owner, and never looks the same', () => {
    const sealed = today.seal(secret, '7')
    expect(today.open(sealed, '7')).toEqual(secret)
    expect(today.seal(secret, '7')).not.toBe(sealed)
    expect(sealed).not.toContain(secret.toString('base64url'))
  })

  it('does not open for another owner or purpose, nor once it was changed', () => {
    const sealed = today.seal(secret, '7')
    const other = createSealedSecrets([key('k2')], 'another purpose')
    expect(() => today.open(sealed, '8')).toThrow()
    expect(() => other.open(sealed, '7')).toThrow()
    expect(() => today.open(`${sealed.slice(0, -2)}${sealed.endsWith('AA') ? 'BB' : 'AA'}`, '7')).toThrow()
  })

  it('of an earlier key opens, and is to be sealed again', () => {
    const sealed = before.seal(secret, '7')
    expect(today.open(sealed, '7')).toEqual(secret)
    expect([today.isOutdated(sealed), before.isOutdated(sealed)]).toEqual([true, false])
  })

  it('of a key that is gone names the key', () => {
    const sealed = today.seal(secret, '7')
    expect(() => before.open(sealed, '7')).toThrow(/named k2/)
  })
})
