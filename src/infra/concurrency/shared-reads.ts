/** Runs reads of the same thing one at a time, however many callers ask. */
export type ShareReads = <T>(key: string, read: () => Promise<T>) => Promise<T>

/**
 * Callers that ask while a read of the key runs share the next one. So a thousand readers cost two
 * reads at a time, and no answer is older than its question.
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
