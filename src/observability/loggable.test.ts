import { describe, expect, it } from 'vitest'
import { loggable } from './loggable.ts'

describe('what is logged of an error', () => {
  it('leaves out rows and requests, and keeps the chain of causes', () => {
    const failed = Object.assign(new Error('violates check "x"\nFailing row contains (my caption)'), {
      code: '23514',
      constraint: 'photos_check',
      detail: 'Failing row contains (my caption)',
      request: { headers: { authorization: 'Bearer t' } },
    })
    const logged = loggable(new Error('outer', { cause: failed }))
    expect(logged.cause).toMatchObject({
      message: 'violates check "x"',
      code: '23514',
      constraint: 'photos_check',
      stack: expect.stringMatching(/^ +at .*loggable\.test\.ts/) as string,
    })
    expect(JSON.stringify(logged)).not.toMatch(/caption|Bearer/)
  })

  it('holds the parts of an AggregateError, a few of many', () => {
    const refused = (address: string) =>
      Object.assign(new Error(`refused by ${address}`), { code: 'ECONNREFUSED' })
    const { errors } = loggable(new AggregateError(Array.from({ length: 9 }, (_, i) => refused(`node ${i}`))))
    expect(errors).toHaveLength(5)
    expect(errors![0]).toMatchObject({ message: 'refused by node 0', code: 'ECONNREFUSED' })
  })

  it('ends with causes that go round in a circle', () => {
    const error = new Error('round')
    error.cause = error
    expect(JSON.stringify(loggable(error)).match(/round/g)).toHaveLength(6)
  })

  it('says nothing of what is not an Error', () => {
    expect(loggable('my caption')).toEqual({ name: 'not an Error', message: 'string' })
  })
})
