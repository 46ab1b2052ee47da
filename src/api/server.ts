import { createServer, type Server, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { pathToFileURL } from 'node:url'
import { ConfigError } from '../config/config-error.ts'
import { loadConfig, type Config } from '../config/config.ts'
import { createLogger, type Logger } from '../observability/logger.ts'
import { openClients, type Clients } from '../services/clients.ts'
import { openPlaces } from '../infra/geo/places.ts'
import { openServices } from '../services/services.ts'
import { createApp, type App } from './app.ts'
import { refuseUnparsed } from './unparsed.ts'

/** How long a client may take to send headers and a whole request; photos go to the storage. */
const HEADERS_TIMEOUT_MS = 10_000
const REQUEST_TIMEOUT_MS = 30_000
/** Above the usual idle timeout of load balancers (60 s), so that they close idle connections, not we. */
const KEEP_ALIVE_TIMEOUT_MS = 65_000

export interface RunningApi extends App {
  /** Where it listens, e.g. `http://127.0.0.1:3000`. */
  url: string
  clients: Clients
  /** Stops listening, lets requests finish within the grace period, then closes all clients. Idempotent. */
  stop(): Promise<void>
}

/** Composition root: configuration → clients → services → app → server. */
export async function startApi(
  config: Config,
  logger: Logger = createLogger({ level: config.LOG_LEVEL, service: 'api' }),
): Promise<RunningApi> {
  const clients = await openClients(config, logger, { applicationName: 'darkroom-api', readsReplica: true })
  const services = openServices(clients)
  const placeOf = await openPlaces()
  const stopping = new AbortController()
  const background = new AbortController()
  const beside = services.background(background.signal)
  const app = createApp({ config, services, logger, placeOf, stopping: stopping.signal })
  const handle = app.koa.callback()
  const underWay = new WeakMap<Duplex, ServerResponse>()
  const server = createServer(
    {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    },
    (request, response) => {
      underWay.set(request.socket, response)
      // Koa answers or ends every request itself.
      void handle(request, response)
    },
  )
  server.on('clientError', (error, socket) => refuseUnparsed(error, socket, underWay.get(socket)))
  server.listen(config.PORT, config.HOST)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const url = `http://${config.HOST.includes(':') ? `[${config.HOST}]` : config.HOST}:${port}`
  logger.info({ url, pid: process.pid }, 'api is listening')

  let stopped: Promise<void> | undefined
  return {
    ...app,
    url,
    clients,
    stop() {
      stopped ??= (async () => {
        logger.info('api is stopping')
        stopping.abort()
        await closeServer(server, config.SHUTDOWN_GRACE_SECONDS * 1000)
        // Requests that are finishing still need the background tasks.
        background.abort()
        await beside
        await clients.close()
        logger.info('api has stopped')
      })()
      return stopped
    },
  }
}

/** Stops listening and waits for the requests under way; those that outlast the grace period are cut off. */
async function closeServer(server: Server, graceMs: number): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  server.closeIdleConnections()
  const cutOff = setTimeout(() => server.closeAllConnections(), graceMs)
  await closed
  clearTimeout(cutOff)
}

/** Ctrl-C under npm arrives twice; a second signal within this long is the same one. */
const SAME_SIGNAL_MS = 1_000

function stopOnSignals(api: RunningApi, logger: Logger): void {
  let firstAt: number | undefined
  const onSignal = (signal: NodeJS.Signals) => {
    if (firstAt === undefined) {
      firstAt = performance.now()
      api.stop().then(
        () => process.exit(0),
        (error: unknown) => {
          logger.fatal({ err: error }, 'could not stop cleanly')
          process.exit(1)
        },
      )
    } else if (performance.now() - firstAt > SAME_SIGNAL_MS) {
      logger.warn({ signal }, 'told to stop twice: leaving at once')
      process.exit(1)
    }
  }
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
}

async function main(): Promise<void> {
  try {
    const config = loadConfig()
    const logger = createLogger({ level: config.LOG_LEVEL, service: 'api' })
    stopOnSignals(await startApi(config, logger), logger)
  } catch (error) {
    // An operator has to fix this: wrong settings or a port in use.
    const mendable = error instanceof ConfigError || (error instanceof Error && 'code' in error)
    console.error(mendable ? error.message : error)
    process.exit(1)
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) await main()
