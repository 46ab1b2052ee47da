import { request, type IncomingMessage } from 'node:http'
import { once } from 'node:events'

/** An event as an EventSource would dispatch it. */
interface ReceivedEvent {
  id: string
  type: string
  data: unknown
}

/** A client of a stream of live events. */
export interface EventSource {
  status: number
  headers: IncomingMessage['headers']
  /** What has been dispatched so far. */
  events: ReceivedEvent[]
  /** Comments, which no EventSource shows. */
  comments: number
  /** The value of the last `id:`. */
  lastEventId: string
  /** Resolves once there are this many events of the type; fails after 10 s. */
  waitFor(type: string, count?: number): Promise<ReceivedEvent[]>
  /** Resolves when the server has ended the stream or the connection is gone; says which. */
  ended: Promise<'ended' | 'cut off'>
  /** Stops reading, so that the connection fills up. */
  pause(): void
  resume(): void
  close(): void
}

export interface Connect {
  ticket: string
  lastEventId?: string | undefined
  headers?: Record<string, string>
}

/** Connects as a browser does, on a connection of its own. Resolves with the answer's head. */
export async function openEventSource(
  baseUrl: string,
  { ticket, lastEventId, headers = {} }: Connect,
): Promise<EventSource> {
  const call = request(`${baseUrl}/v1/events?ticket=${ticket}`, {
    agent: false,
    headers: {
      Accept: 'text/event-stream',
      ...(lastEventId === undefined ? {} : { 'Last-Event-ID': lastEventId }),
      ...headers,
    },
  })
  call.end()
  const [response] = (await once(call, 'response')) as [IncomingMessage]
  call.on('error', () => undefined)
  const waiting = new Set<() => void>()
  const { promise: ended, resolve: settle } = Promise.withResolvers<'ended' | 'cut off'>()
  const source: EventSource = {
    status: response.statusCode!,
    headers: response.headers,
    events: [],
    comments: 0,
    lastEventId: lastEventId ?? '',
    async waitFor(type, count = 1) {
      const found = () => source.events.filter((event) => event.type === type)
      const deadline = performance.now() + 10_000
      while (found().length < count) {
        const left = deadline - performance.now()
        if (left <= 0) throw new Error(`${found().length} of ${count} events of type ${type} arrived`)
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, left)
          waiting.add(() => {
            clearTimeout(timer)
            resolve()
          })
        })
        waiting.clear()
      }
      return found()
    },
    ended,
    pause: () => void response.pause(),
    resume: () => void response.resume(),
    close: () => void call.destroy(),
  }
  let rest = ''
  response.setEncoding('utf8')
  response.on('data', (chunk: string) => {
    const blocks = (rest + chunk).split('\n\n')
    rest = blocks.pop()!
    for (const block of blocks) take(source, block)
    for (const wake of waiting) wake()
  })
  response.on('error', () => undefined)
  response.once('close', () => settle(response.complete ? 'ended' : 'cut off'))
  return source
}

/** One block, by the rules of the specification (WHATWG HTML, 9.2.6). */
function take(source: EventSource, block: string): void {
  let type = 'message'
  const data: string[] = []
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':')
    if (colon === 0) source.comments++
    const [field, value] = [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, '')]
    if (field === 'id') source.lastEventId = value
    if (field === 'event') type = value
    if (field === 'data') data.push(value)
  }
  if (data.length > 0) source.events.push({ id: source.lastEventId, type, data: JSON.parse(data.join('\n')) })
}
