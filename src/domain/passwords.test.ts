import { describe, expect, it } from 'vitest'
import { weaknessOf } from './passwords.ts'

describe('a password that somebody chooses', () => {
  it.each([
    ['that is common', 'password1'],
    ['that is common, in capitals', 'PASSWORD1'],
    ['that is common, in wide letters', 'ｐａｓｓｗｏｒｄ1'],
    ['of one character', 'zzzzzzzzzzzz'],
    ['that is the username', 'ada.lovelace'],
    ['that is the username and a year', 'Ada.Lovelace2026'],
    ['that is the name in one word', 'adaking1815'],
    ['that is the name of the service', 'Darkroom2026'],
  ])('is refused: one %s', (_what, password) => {
    expect(weaknessOf(password, ['ada.lovelace', 'Ada King', 'Darkroom'])).toBeTypeOf('string')
  })

  it.each([
    'correct horse battery staple',
    'ada.lovelace likes 7 mirrors',
    '\u{1f4f7}\u{1f4f8}\u{1f5bc}\u{1f3de}\u{1f301}\u{1f303}\u{1f304}\u{1f305}',
    'xk7-Qm2-pp9',
  ])('may be %j', (password) => {
    expect(weaknessOf(password, ['ada.lovelace', 'Ada King', 'Darkroom'])).toBeUndefined()
  })

  it('may contain a name of one or two letters', () => {
    expect(weaknessOf('bonanza8', ['b', null])).toBeUndefined()
  })
})
