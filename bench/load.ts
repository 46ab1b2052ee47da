import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import autocannon from 'autocannon'

/** A request that the load consists of; a new one is made for each. */
export interface Target {
  /** GET by default. */
  method?: string
  path: string
  headers: Record<string, string>
  /** JSON */
  body?: string
}

export interface Saturation {
  requestsPerSecond: number
  requests: number
}

/** Closed loop: each connection sends its next request once it has an answer. @throws unless every answer is a 2xx */
export async function saturate(
  url: string,
  next: () => Target,
  { connections, seconds }: { connections: number; seconds: number },
): Promise<Saturation> {
  const result = await autocannon({
    url,
    connections,
    duration: seconds,
    requests: [
      {
        setupRequest: (request) => {
          const { path, headers } = next()
          return { ...request, path, headers }
        },
      },
    ],
  })
  if (result.non2xx > 0 || result.errors > 0) {
    const statuses = JSON.stringify(result.statusCodeStats)
    throw new Error(`${url}: ${result.errors} errors, answers by status: ${statuses}`)
  }
  const requests = result.requests.total
  return { requestsPerSecond: requests / result.duration, requests }
}

/** One answer under open-loop load. */
export interface Timed<Note> {
  /** Counted from when it was due, not from when it was sent, so that no queue in front of the service hides it. */
  ms: number
  /** When it was due, in ms since 1970. */
  dueAt: number
  note: Note
}

const TICK_MS = 1

/**
 * Open loop: `perSecond` requests, evenly spaced, whether or not earlier ones are answered, until `signal`.
 * @param read what to keep of an answer
 * @throws unless every answer is a 2xx
 */
export async function sendSteadily<Note>(
  url: string,
  next: () => Target,
  { perSecond, signal }: { perSecond: number; signal: AbortSignal },
  read: (body: Buffer, target: Target) => Note,
): Promise<Timed<Note>[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 200 })
  const startedAt = Date.now()
  const answers: Promise<Timed<Note>>[] = []
  const send = async (dueAt: number): Promise<Timed<Note>> => {
    const target = next()
    const body = await sendOne(url, target, agent)
    return { ms: Date.now() - dueAt, dueAt, note: read(body, target) }
  }
  while (!signal.aborted) {
    const due = Math.floor(((Date.now() - startedAt) / 1000) * perSecond)
    while (answers.length < due) {
      const answer = send(startedAt + (answers.length * 1000) / perSecond)
      // Awaited together at the end; until then a failure must not count as unhandled.
      answer.catch(() => undefined)
      answers.push(answer)
    }
    await sleep(TICK_MS)
  }
  try {
    return await Promise.all(answers)
  } finally {
    agent.destroy()
  }
}

/** @returns the body. @throws unless the answer is a 2xx */
export function sendOne(
  url: string,
  { method = 'GET', path, headers, body }: Target,
  agent: Agent,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const sent = request(url + path, { agent, method, headers }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const { statusCode = 0 } = response
        if (statusCode >= 200 && statusCode < 300) resolve(Buffer.concat(chunks))
        else reject(new Error(`${method} ${path} answered ${statusCode}`))
      })
    })
    sent.on('error', reject)
    sent.end(body)
  })
}
