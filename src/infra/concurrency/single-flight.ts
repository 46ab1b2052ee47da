/** Runs under way, at most one a key. */
export interface SingleFlight<Key, Result> {
  /** The run of this key that is under way. */
  current(key: Key): Promise<Result> | undefined
  /** Whether as many runs are under way as may be. */
  isFull(): boolean
  /** Begins a run of a key that has none. A run in the background must handle its own errors. */
  begin(key: Key, run: () => Promise<Result>): Promise<Result>
  /** Resolves when no run is under way. */
  idle(): Promise<void>
}

/** @param maxRunning how many keys may have a run at a time; it is the caller who asks and does without */
export function createSingleFlight<Key, Result>(maxRunning = Infinity): SingleFlight<Key, Result> {
  const running = new Map<Key, Promise<Result>>()
  return {
    current: (key) => running.get(key),
    isFull: () => running.size >= maxRunning,
    begin(key, run) {
      const one = run().finally(() => running.delete(key))
      running.set(key, one)
      return one
    },
    async idle() {
      while (running.size > 0) await Promise.allSettled(running.values())
    },
  }
}
