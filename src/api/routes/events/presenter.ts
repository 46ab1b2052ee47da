import type { StreamItem } from '../../../services/events/streams.ts'

/** How long a browser waits before it connects again by itself, in ms; spread, since many may have lost one process. */
const RETRY_MS = { least: 1_000, spread: 4_000 }

/** The beginning of a stream: when a browser that loses it comes back. */
export function presentRetry(): string {
  return `retry: ${RETRY_MS.least + Math.floor(Math.random() * RETRY_MS.spread)}\n\n`
}

/** An item as a browser's EventSource reads it (WHATWG HTML, 9.2). */
export function presentItem(item: StreamItem): string {
  switch (item.kind) {
    case 'event':
      return `id: ${item.id}\nevent: ${item.type}\ndata: ${item.data}\n\n`
    case 'ready':
    case 'reset':
      return `id: ${item.id}\nevent: ${item.kind}\ndata: {}\n\n`
    case 'renew':
      return 'event: renew\ndata: {}\n\n'
    case 'quiet':
      return ':\n\n'
  }
}
