import type { StreamItem } from '../../../services/events/streams.ts'

/** How long a browser waits before it connects again by itself, in ms; spread, since many may have lost one process. */
const RETRY_MS = { least: 1_000, spread: 4_000 }

/** The stream as a browser's EventSource reads it (WHATWG HTML, 9.2). */
export async function* presentStream(items: AsyncIterable<StreamItem>): AsyncGenerator<string> {
  yield `retry: ${RETRY_MS.least + Math.floor(Math.random() * RETRY_MS.spread)}\n\n`
  for await (const item of items) yield presentItem(item)
}

function presentItem(item: StreamItem): string {
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
