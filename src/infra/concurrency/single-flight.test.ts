import { describe, expect, it } from 'vitest'
import { createSingleFlight } from './single-flight.ts'

describe('single flight', () => {
  it('shows the run of a key until it ends, be it with an error', async () => {
    const flights = createSingleFlight<string, number>()
    const work = Promise.withResolvers<number>()
    const run = flights.begin('a', () => work.promise)
    expect(flights.current('a')).toBe(run)
    expect(flights.current('b')).toBeUndefined()
    work.reject(new Error('failed'))
    await expect(run).rejects.toThrow('failed')
    expect(flights.current('a')).toBeUndefined()
  })

  it('is full with as many runs as may be', async () => {
    const flights = createSingleFlight<string, void>(2)
    const work = Promise.withResolvers<void>()
    const runs = [flights.begin('a', () => work.promise)]
    expect(flights.isFull()).toBe(false)
    runs.push(flights.begin('b', () => work.promise))
    expect(flights.isFull()).toBe(true)
    work.resolve()
    await Promise.all(runs)
    expect(flights.isFull()).toBe(false)
  })

  it('is idle once the runs that began meanwhile have ended, too', async () => {
    const flights = createSingleFlight<string, void>()
    const order: string[] = []
    void flights.begin('a', async () => {
      await Promise.resolve()
      void flights.begin('b', async () => {
        await new Promise((resolve) => setTimeout(resolve, 5))
        order.push('b')
      })
      order.push('a')
    })
    await flights.idle()
    expect(order).toEqual(['a', 'b'])
  })
})
