import { ApplicationFailure, CancelledFailure } from '@temporalio/activity'
import { MockActivityEnvironment } from '@temporalio/testing'
import { describe, expect, it } from 'vitest'
import { DarkroomError, invalidField } from '../domain/errors.ts'
import { InvalidImageError } from '../domain/invalid-image.ts'
import { asActivities, toFailure } from './failures.ts'
import { whileHeartbeating } from './heartbeat.ts'

describe('toFailure', () => {
  it('makes a bad image permanent, with code and detail for the workflow', () => {
    expect(toFailure(new InvalidImageError('truncated', 'The file ends too early.'))).toMatchObject({
      type: 'InvalidImage',
      nonRetryable: true,
      details: [{ code: 'truncated', detail: 'The file ends too early.' }],
    })
  })

  it("makes a caller's mistake permanent", () => {
    expect(toFailure(invalidField('photoId', 'no id'))).toMatchObject({
      type: 'BadRequest',
      nonRetryable: true,
    })
  })

  it("retries an unavailable service by the activity's own policy", () => {
    const error = new DarkroomError('unavailable', 'The edge is away.', { retryAfterSeconds: 5 })
    const failure = toFailure(error) as ApplicationFailure
    expect(failure).toMatchObject({ type: 'unavailable', nonRetryable: false })
    expect(failure.nextRetryDelay).toBeUndefined()
  })

  it('retries an unknown error and drops its cause and further lines', () => {
    const cause = new Error('connect ECONNREFUSED 10.0.0.7:5432')
    const failure = toFailure(new Error('no connection\ndetail: secret', { cause })) as ApplicationFailure
    expect(failure).toMatchObject({ message: 'no connection', type: 'Error', nonRetryable: false })
    expect(failure.cause).toBeUndefined()
  })

  it('leaves failures unchanged', () => {
    const failure = ApplicationFailure.nonRetryable('as it is')
    expect(toFailure(failure)).toBe(failure)
  })
})

describe('asActivities', () => {
  it('heartbeats while an activity runs, with the details that it gives', async () => {
    const env = new MockActivityEnvironment()
    const details: unknown[] = []
    const beats = Promise.withResolvers<void>()
    env.on('heartbeat', (reported) => {
      details.push(reported)
      if (details.length === 2) beats.resolve()
    })
    const { work } = asActivities({
      work: async () => {
        await whileHeartbeating(
          () => new Promise((resolve) => setTimeout(resolve, 1_200)),
          () => 'half',
        )
        await beats.promise
        return 'done'
      },
    })
    expect(await env.run(work)).toBe('done')
    expect(details).toEqual(['half', undefined])
  })

  it('distinguishes a cancellation from a failure of the aborted work', async () => {
    const env = new MockActivityEnvironment()
    const { work } = asActivities({
      work: async () => {
        env.cancel()
        throw new DOMException('aborted', 'AbortError')
      },
    })
    await expect(env.run(work)).rejects.toBeInstanceOf(CancelledFailure)
  })
})
