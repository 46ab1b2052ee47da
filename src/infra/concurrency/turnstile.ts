/** Runs work, so many at a time; the rest waits in line. */
export type Turnstile = <T>(work: () => Promise<T>) => Promise<T>

export interface TurnstileOptions {
  maxRunning: number
  /** Beyond so many in line, `refuse` throws. */
  maxWaiting: number
  refuse: () => never
}

/** Bounds both what runs at once and how long the line is, so that overload is refused and not piled up. */
export function createTurnstile({ maxRunning, maxWaiting, refuse }: TurnstileOptions): Turnstile {
  let running = 0
  const waiting: (() => void)[] = []
  return async (work) => {
    if (running >= maxRunning) {
      if (waiting.length >= maxWaiting) refuse()
      await new Promise<void>((resolve) => waiting.push(resolve))
    } else running++
    try {
      return await work()
    } finally {
      // The place is handed on, so that nobody slips in between.
      const next = waiting.shift()
      if (next) next()
      else running--
    }
  }
}
