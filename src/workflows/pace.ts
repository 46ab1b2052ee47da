import { condition } from '@temporalio/workflow'

export const MINUTE_MS = 60_000

interface Paced {
  /** Items in `perMs`; null: as fast as possible. */
  rate: number | null
  perMs: number
  beganAtMs: number
  /** Items since then. */
  done: number
}

/**
 * Waits until the rate allows the next item; a new rate applies at once, and so does an end.
 * @param paced as it is now
 */
export async function untilDue(paced: () => Paced, summary: string, isOver = () => false): Promise<void> {
  for (;;) {
    const { rate, perMs, beganAtMs, done } = paced()
    if (rate === null) return
    const dueInMs = beganAtMs + (done * perMs) / rate - Date.now()
    if (dueInMs < 1 || isOver()) return
    const isInterrupted = () => paced().rate !== rate || isOver()
    if (!(await condition(isInterrupted, dueInMs, { summary }))) return
  }
}

/** A slice takes no more photos than the rate allows in this time, so that they are spread evenly. */
const EVENNESS_MS = 10_000

/** Photos of a slice at this rate, at least one. */
export function photosOfSlice(photosPerMinute: number): number {
  return Math.max(1, Math.floor((photosPerMinute * EVENNESS_MS) / MINUTE_MS))
}
