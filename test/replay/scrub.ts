import { join } from 'node:path'

const checkout = join(import.meta.dirname, '..', '..')

/**
 * Takes out of a history what tells of the machine that recorded it: `pid@hostname` of workers and clients (also within
 * the names of sticky queues), stack traces, and paths of the checkout. What remains replays.
 */
export function scrub(history: unknown): unknown {
  if (Array.isArray(history)) return history.map(scrub)
  if (history !== null && typeof history === 'object') {
    const entries = Object.entries(history).map(([name, value]) => [
      name,
      name === 'stackTrace' ? '' : name === 'identity' && value ? 'worker' : scrub(value),
    ])
    return Object.fromEntries(entries)
  }
  return typeof history === 'string' ? scrubText(history) : history
}

function scrubText(text: string): string {
  return text.replaceAll(/\b\d+@[\w.-]+/g, 'worker').replaceAll(checkout, '')
}
