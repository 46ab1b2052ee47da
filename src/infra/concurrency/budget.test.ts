import { expect, it } from 'vitest'
import { createBudget } from './budget.ts'

/** Takes and notes when it was admitted. */
function taker(total: number) {
  const budget = createBudget(total)
  const admitted: string[] = []
  const take = async (name: string, amount: number, signal?: AbortSignal) => {
    const give = await budget.take(amount, signal)
    admitted.push(name)
    return give
  }
  return { budget, admitted, take }
}

it('admits in order what fits, and never more', async () => {
  const { budget, admitted, take } = taker(10)
  const giveA = await take('a', 6)
  const b = take('b', 5)
  const c = take('c', 1)
  await Promise.resolve()
  expect(admitted).toEqual(['a'])
  giveA()
  giveA()
  await Promise.all([b, c])
  expect(admitted).toEqual(['a', 'b', 'c'])
  expect(budget.taken()).toBe(6)
})

it('admits alone what asks for more than there is', async () => {
  const { budget, admitted, take } = taker(10)
  const giveSmall = await take('small', 1)
  const huge = take('huge', 99)
  await Promise.resolve()
  expect(admitted).toEqual(['small'])
  giveSmall()
  const giveHuge = await huge
  expect(budget.taken()).toBe(10)
  giveHuge()
  expect(budget.taken()).toBe(0)
})

it('lets go of who no longer waits, and admits those behind', async () => {
  const { admitted, take } = taker(10)
  await take('a', 6)
  const leaving = new AbortController()
  const gone = take('gone', 9, leaving.signal)
  const behind = take('behind', 4)
  leaving.abort(new Error('left'))
  await expect(gone).rejects.toThrow('left')
  await behind
  expect(admitted).toEqual(['a', 'behind'])
})
