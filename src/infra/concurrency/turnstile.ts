/** Runs work, so many at a time; the rest waits in line. Work of one `group` may fill only a part of the line. */
export type Turnstile = <T>(work: () => Promise<T>, group?: string) => Promise<T>

export interface TurnstileOptions {
  maxRunning: number
  /** Beyond so many in line, `refuse` throws. */
  maxWaiting: number
  /** The same for those of one group; by default a group may fill the line. */
  maxWaitingPerGroup?: number
  refuse: () => never
}

/** Bounds both what runs at once and how long the line is, so that overload is refused and not piled up. */
export function createTurnstile(options: TurnstileOptions): Turnstile {
  const { maxRunning, maxWaiting, maxWaitingPerGroup = maxWaiting, refuse } = options
  let running = 0
  const waiting: (() => void)[] = []
  const waitingOf = new Map<string, number>()

  async function wait(group: string | undefined): Promise<void> {
    const ofGroup = group === undefined ? 0 : (waitingOf.get(group) ?? 0)
    if (waiting.length >= maxWaiting || ofGroup >= maxWaitingPerGroup) refuse()
    if (group !== undefined) waitingOf.set(group, ofGroup + 1)
    await new Promise<void>((resolve) => waiting.push(resolve))
    if (group === undefined) return
    const left = waitingOf.get(group)! - 1
    if (left === 0) waitingOf.delete(group)
    else waitingOf.set(group, left)
  }

  return async (work, group) => {
    if (running >= maxRunning) await wait(group)
    else running++
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
