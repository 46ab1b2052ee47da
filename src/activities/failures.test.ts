import { ApplicationFailure, CancelledFailure } from '@temporalio/activity'
import { MockActivityEnvironment } from '@temporalio/testing'
import { describe, expect, it } from 'vitest'
import { DarkroomError, invalidField } from '../domain/errors.ts'
import { InvalidImage } from '../domain/invalid-image.ts'
import { toFailure, withFailures } from './failures.ts'

describe('toFailure', () => {
  it('makes a bad image permanent, with code and detail for the workflow', () => {
    expect(toFailure(new InvalidImage('truncated', 'The file ends too early.'))).toMatchObject({
      type: 'InvalidImage',
      nonRetryable: true,
      details: [{ code: 'truncated', detail: 'The file ends too early.' }],
    })
  })

  it('makes a mistake of the caller permanent', () => {
    expect(toFailure(invalidField('photoId', 'no id'))).toMatchObject({
      type: 'BadRequest',
      nonRetryable: true,
    })
  })

  it('retries what is unavailable, when it says', () => {
    const error = new DarkroomError('unavailable', 'The edge is away.', { retryAfterSeconds: 5 })
    expect(toFailure(error)).toMatchObject({
      type: 'unavailable',
      nonRetryable: false,
      nextRetryDelay: 5_000,
    })
  })

  it('retries the unknown, and takes neither cause nor further lines along', () => {
    const cause = new Error('connect ECONNREFUSED 10.0.0.7:5432')
    const failure = toFailure(new Error('no connection\ndetail: secret', { cause })) as ApplicationFailure
    expect(failure).toMatchObject({ message: 'no connection', type: 'Error', nonRetryable: false })
    expect(failure.cause).toBeUndefined()
  })

  it('leaves failures as they are', () => {
    const failure = ApplicationFailure.nonRetryable('as it is')
    expect(toFailure(failure)).toBe(failure)
  })
})

describe('withFailures', () => {
  it('tells a cancellation from a failure of what it aborted', async () => {
    const env = new MockActivityEnvironment()
    const { work } = withFailures({
      work: async () => {
        env.cancel()
        throw new DOMException('aborted', 'AbortError')
      },
    })
    await expect(env.run(work)).rejects.toBeInstanceOf(CancelledFailure)
  })
})
