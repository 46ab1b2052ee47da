import { describe, expect, it } from 'vitest'
import { DarkroomError, ERROR_CODES, invalidField } from '../domain/errors.ts'
import { problemOf, STATUS_BY_CODE, toDarkroomError } from './errors.ts'

describe('problems', () => {
  it('give every code an error status', () => {
    for (const code of ERROR_CODES) expect(STATUS_BY_CODE[code]).toBeGreaterThanOrEqual(400)
  })

  it('list every failing field', () => {
    const { problem } = problemOf(invalidField('body.x', 'No.'), 'r-1')
    expect(problem).toEqual({
      type: 'urn:darkroom:problem:invalid',
      title: 'Unprocessable Entity',
      status: 422,
      code: 'invalid',
      detail: 'No.',
      errors: [{ path: 'body.x', message: 'No.' }],
      requestId: 'r-1',
    })
  })

  it('say when to retry and how to sign in', () => {
    const limited = new DarkroomError('rate_limited', 'x', { retryAfterSeconds: 7 })
    expect(problemOf(limited, 'r').headers.get('Retry-After')).toBe('7')
    expect(problemOf(new DarkroomError('unavailable', 'x'), 'r').headers.get('Retry-After')).toBe('1')
    const expired = problemOf(new DarkroomError('token_expired', 'x'), 'r').headers
    expect(expired.get('WWW-Authenticate')).toContain('invalid_token')
  })

  it.each([
    ['a refused connection', Object.assign(new Error('x'), { code: 'ECONNREFUSED' })],
    ['Postgres shutting down', Object.assign(new Error('x'), { code: '57P01' })],
    ['the storage failing', Object.assign(new Error('x'), { $fault: 'server' })],
    ['a deadlock', Object.assign(new Error('x'), { code: '40P01' })],
    ['no free connection', new Error('timeout exceeded when trying to connect')],
    ['one of several', new AggregateError([Object.assign(new Error('x'), { code: 'ECONNREFUSED' })])],
    [
      'one deep below',
      new Error('a', { cause: new Error('b', { cause: Object.assign(new Error('c'), { code: 'EPIPE' }) }) }),
    ],
  ])('report %s as an outage', (_what, thrown) => {
    expect(toDarkroomError(thrown).code).toBe('unavailable')
  })

  it.each([
    new Error('secret'),
    new TypeError('x'),
    'text',
    null,
    undefined,
    Object.assign(new Error('x'), { status: 418 }),
  ])('reveal nothing of any other error: %s', (thrown) => {
    const error = toDarkroomError(thrown)
    expect(error.code).toBe('internal')
    expect(error.message).toBe('Something went wrong on our side.')
  })
})
