import { expect, it } from 'vitest'
import { createTurnstile } from './turnstile.ts'

it('a turnstile runs some, lets some wait in order and refuses the rest', async () => {
  const take = createTurnstile({
    maxRunning: 2,
    maxWaiting: 1,
    refuse: () => {
      throw new Error('full')
    },
  })
  const gates = Array.from({ length: 3 }, () => Promise.withResolvers<void>())
  const begun: number[] = []
  const runs = gates.map(({ promise }, index) =>
    take(async () => {
      begun.push(index)
      await promise
      if (index === 0) throw new Error('own')
    }),
  )
  await expect(take(() => Promise.resolve())).rejects.toThrow('full')
  expect(begun).toEqual([0, 1])
  gates[0]!.resolve()
  await expect(runs[0]).rejects.toThrow('own')
  expect(begun).toEqual([0, 1, 2])
  for (const { resolve } of gates) resolve()
  await Promise.all(runs.slice(1))
  expect(await take(() => Promise.resolve('free again'))).toBe('free again')
})
