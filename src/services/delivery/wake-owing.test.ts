import { expect, it } from 'vitest'
import { createDue, type Owing } from './wake-owing.ts'

const AGAIN_AFTER_MS = 5_000

/** Looks at these times, each of which wakes all that are due. */
function wakesAt(looks: [now: number, owing: Owing[]][]): number[][] {
  const due = createDue(AGAIN_AFTER_MS)
  return looks.map(([now, owing]) => {
    const writers = due.of(owing, now)
    for (const one of writers) due.woken(one, now)
    return writers.map(({ writer }) => writer)
  })
}

it('a writer is woken once for what it owes, and again after a while', () => {
  const owing = [{ writer: 3 }, { writer: 7 }]
  expect(
    wakesAt([
      [0, owing],
      [500, owing],
      [4_999, owing],
      [5_000, owing],
      [5_500, owing],
    ]),
  ).toEqual([[3, 7], [], [], [3, 7], []])
})

it('a writer that has come further is woken at once', () => {
  expect(
    wakesAt([
      [0, [{ writer: 3, first: '10' }]],
      [500, [{ writer: 3, first: '10' }]],
      [1_000, [{ writer: 3, first: '11' }]],
    ]),
  ).toEqual([[3], [], [3]])
})

it('a writer that owed nothing meanwhile is woken at once', () => {
  expect(
    wakesAt([
      [0, [{ writer: 3 }]],
      [500, []],
      [1_000, [{ writer: 3 }]],
    ]),
  ).toEqual([[3], [], [3]])
})

it('a writer whose wake failed is woken at the next look', () => {
  const due = createDue(AGAIN_AFTER_MS)
  expect(due.of([{ writer: 3 }], 0)).toEqual([{ writer: 3 }])
  expect(due.of([{ writer: 3 }], 500)).toEqual([{ writer: 3 }])
})
