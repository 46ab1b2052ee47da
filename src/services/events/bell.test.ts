import { expect, it, vi } from 'vitest'
import { createBell } from './bell.ts'

const settledWithin = (promise: Promise<void>, ms: number) =>
  Promise.race([promise.then(() => true), new Promise((resolve) => setTimeout(resolve, ms, false))])

it('a bell wakes its waiter, at once if it was rung before', async () => {
  const bell = createBell()
  const waiting = bell.wait(60_000)
  expect(await settledWithin(waiting, 5)).toBe(false)
  bell.ring()
  await waiting
  bell.ring()
  bell.ring()
  await bell.wait(60_000)
  expect(await settledWithin(bell.wait(60_000), 5)).toBe(false)
})

it('a bell lets its waiter go after the time, and leaves no timer', async () => {
  vi.useFakeTimers()
  try {
    const bell = createBell()
    const waiting = bell.wait(1_000)
    await vi.advanceTimersByTimeAsync(1_000)
    await waiting
    const woken = bell.wait(1_000)
    bell.ring()
    await woken
    expect(vi.getTimerCount()).toBe(0)
  } finally {
    vi.useRealTimers()
  }
})
