import { createServer, type IncomingMessage, type Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { collectDefaultMetrics, register } from 'prom-client'
import { carriesToken, isFromLoopback } from './operator-access.ts'

/** One client asks for metrics every few seconds; no request may hold a connection for long. */
const REQUEST_TIMEOUT_MS = 10_000

export interface MetricsServerOptions {
  host: string
  /** 0: any free one. */
  port: number
  /** METRICS_TOKEN, required from clients on other machines. */
  token: string
  /** Text in Prometheus' format that follows the process's own, e.g. that of Temporal's runtime. */
  append?: () => Promise<string>
}

export interface MetricsServer {
  /** Where the metrics are, e.g. `http://127.0.0.1:9464/metrics`. */
  url: string
  /** Ends at once, since the client will ask again. */
  close: () => Promise<void>
}

/**
 * GET /metrics for a process that serves nothing else: everything registered with prom-client in this process.
 * @throws the error of `listen`, e.g. EADDRINUSE
 */
export async function startMetricsServer(options: MetricsServerOptions): Promise<MetricsServer> {
  const { host, port, token, append } = options
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
    void answer(request).then(({ status, type = 'text/plain', body }) => {
      response.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store' })
      response.end(request.method === 'HEAD' ? undefined : body)
    })
  })

  async function answer(request: IncomingMessage): Promise<{ status: number; type?: string; body: string }> {
    if (request.url?.split('?')[0] !== '/metrics') return { status: 404, body: 'Only /metrics is here.\n' }
    if (!isFromLoopback(request) && !carriesToken(request, token)) {
      return { status: 401, body: 'From this machine or with the metrics token.\n' }
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') return { status: 405, body: 'GET or HEAD.\n' }
    try {
      return { status: 200, type: register.contentType, body: await collect(append) }
    } catch {
      return { status: 503, body: 'The metrics could not be collected.\n' }
    }
  }

  server.listen(port, host)
  await once(server, 'listening')
  const { port: used } = server.address() as AddressInfo
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${used}/metrics`,
    close: () => closeServer(server),
  }
}

/** Memory, CPU, event loop and garbage collection of a worker. Once a process. */
export function collectProcessMetrics(): void {
  collectDefaultMetrics({ prefix: 'darkroom_worker_' })
}

/** If another source fails, only its own metrics are missing. */
async function collect(append: MetricsServerOptions['append']): Promise<string> {
  const [own, appended] = await Promise.all([register.metrics(), append?.().catch(() => '')])
  return appended ? `${own.trimEnd()}\n${appended}` : own
}

async function closeServer(server: Server): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await closed
}
