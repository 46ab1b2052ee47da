/** A bounded amount of something, shared by those who take part of it for a while. */
export interface Budget {
  /**
   * Waits, first come first served, until so much is free. More than there is waits for all of it.
   * @returns gives it back, once
   * @throws the signal's reason
   */
  take(amount: number, signal?: AbortSignal): Promise<() => void>
  /** How much is taken now. */
  taken(): number
}

export function createBudget(total: number): Budget {
  const waiting: { amount: number; begin: () => void }[] = []
  let taken = 0

  function admit(): void {
    while (waiting.length > 0 && taken + waiting[0]!.amount <= total) {
      const next = waiting.shift()!
      taken += next.amount
      next.begin()
    }
  }

  return {
    taken: () => taken,
    async take(wanted, signal) {
      signal?.throwIfAborted()
      const amount = Math.min(wanted, total)
      const place = Promise.withResolvers<void>()
      const request = { amount, begin: place.resolve }
      const onAbort = () => {
        const at = waiting.indexOf(request)
        if (at < 0) return
        waiting.splice(at, 1)
        place.reject(signal!.reason as Error)
        // It may have been the one that others waited behind.
        admit()
      }
      signal?.addEventListener('abort', onAbort)
      waiting.push(request)
      admit()
      try {
        await place.promise
      } finally {
        signal?.removeEventListener('abort', onAbort)
      }
      let isHeld = true
      return () => {
        if (!isHeld) return
        isHeld = false
        taken -= amount
        admit()
      }
    },
  }
}
