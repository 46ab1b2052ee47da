import { randomBytes } from 'node:crypto'
import { v7 as uuidv7 } from 'uuid'
import { describe, expect, it } from 'vitest'
import { createRefreshTokens } from './refresh-tokens.ts'

describe('refresh tokens', () => {
  const key = { secret: randomBytes(32) }
  const tokens = createRefreshTokens([key])
  const claim = { sessionId: uuidv7(), generation: 7 }
  const token = tokens.issue(claim)
  const [sessionId, , mac] = token.split('.') as [string, string, string]

  it('say what they were issued for', () => {
    expect(tokens.read(token)).toEqual(claim)
    expect(tokens.issue(claim)).toBe(token)
  })

  it.each([
    ['of another generation', `${sessionId}.8.${mac}`],
    ['of another session', `${uuidv7()}.7.${mac}`],
    ['with another spelling of the generation', `${sessionId}.07.${mac}`],
    ['without a MAC', `${sessionId}.7.`],
    ['cut short', token.slice(0, -2)],
    ['with something after it', `${token}.x`],
    ['of another key', createRefreshTokens([{ secret: randomBytes(32) }]).issue(claim)],
    ['that is none', 'abc'],
    ['that is empty', ''],
  ])('are refused: one %s', (_what, forged) => {
    expect(tokens.read(forged)).toBeUndefined()
  })

  it('of an older key go on working after a rotation', () => {
    const rotated = createRefreshTokens([{ secret: randomBytes(32) }, key])
    expect(rotated.read(token)).toEqual(claim)
    expect(rotated.issue(claim)).not.toBe(token)
  })
})
