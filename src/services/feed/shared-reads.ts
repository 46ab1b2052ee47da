/** Runs reads of the same thing one at a time, however many ask. */
export type ShareReads = <T>(key: string, read: () => Promise<T>) => Promise<T>

/**
 * While one read of a key runs, all who ask share the one that begins after it. So a thousand readers cost two reads at
 * a time, and nobody gets an answer that is older than their question.
 */
export function createSharedReads(): ShareReads {
  const running = new Map<string, Promise<unknown>>()
  const waiting = new Map<string, Promise<unknown>>()

  function begin<T>(key: string, read: () => Promise<T>): Promise<T> {
    const one = read().finally(() => {
      if (running.get(key) === one) running.delete(key)
    })
    running.set(key, one)
    return one
  }

  return <T>(key: string, read: () => Promise<T>) => {
    const current = running.get(key)
    if (!current) return begin(key, read)
    const joined = waiting.get(key) as Promise<T> | undefined
    if (joined) return joined
    const next = (async () => {
      await current.catch(() => undefined)
      waiting.delete(key)
      return begin(key, read)
    })()
    waiting.set(key, next)
    return next
  }
}
