import { describe, expect, it } from 'vitest'
import { hasSecondFactor, methodsOf, readCode, shownRecoveryCode } from './two-factor.ts'

describe('a code', () => {
  it.each([
    ['123456', { method: 'totp', code: '123456' }],
    [' 123 456 ', { method: 'totp', code: '123456' }],
    ['abcd-efgh-jkmn-pqrs-tvwx-yz01', { method: 'recovery_code', code: 'abcdefghjkmnpqrstvwxyz01' }],
    ['ABCD EFGH JKMN PQRS TVWX YZ01', { method: 'recovery_code', code: 'abcdefghjkmnpqrstvwxyz01' }],
    ['OIL0-0000-0000-0000-0000-0000', { method: 'recovery_code', code: '011000000000000000000000' }],
  ])('is read as people type it: %s', (typed, read) => {
    expect(readCode(typed)).toEqual(read)
  })

  it.each(['', '12345', '1234567', '12345a', '١٢٣٤٥٦', 'abcd-efgh-jkmn', 'uuuu-uuuu-uuuu-uuuu-uuuu-uuuu'])(
    'is not %j',
    (typed) => {
      expect(readCode(typed)).toBeUndefined()
    },
  )

  it('is shown in groups, and read again', () => {
    const code = '0123456789abcdefghjkmnpq'
    expect(shownRecoveryCode(code)).toBe('0123-4567-89ab-cdef-ghjk-mnpq')
    expect(readCode(shownRecoveryCode(code))).toEqual({ method: 'recovery_code', code })
  })
})

describe('second factors', () => {
  it.each([
    [{ totp: false, passkeys: 0, recoveryCodes: 10 }, false, ['recovery_code']],
    [{ totp: true, passkeys: 0, recoveryCodes: 0 }, true, ['totp']],
    [{ totp: false, passkeys: 2, recoveryCodes: 1 }, true, ['recovery_code', 'passkey']],
    [{ totp: true, passkeys: 1, recoveryCodes: 3 }, true, ['totp', 'recovery_code', 'passkey']],
  ])('%j', (factors, has, methods) => {
    expect(hasSecondFactor(factors)).toBe(has)
    expect(methodsOf(factors)).toEqual(methods)
  })
})
