import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { pathToFileURL } from 'node:url'
import { ConfigError, loadConfig, type Config } from '../config/config.ts'
import { openDatabase } from '../infra/db/database.ts'
import { openSearchClient } from '../infra/opensearch/client.ts'
import { openRedis } from '../infra/redis/client.ts'
import { openObjectStore } from '../infra/s3/object-store.ts'
import { openTemporal } from '../infra/temporal/client.ts'
import { createLogger, type Logger } from '../observability/logger.ts'
import { createServices, type ServicesDeps } from '../services/services.ts'
import { createApp, type App } from './app.ts'

/** Longest a client may take to send its headers, and its whole request: bodies are small, photos go to the storage. */
const HEADERS_TIMEOUT_MS = 10_000
const REQUEST_TIMEOUT_MS = 30_000
/** Above the idle timeout of usual load balancers (60 s), so that they, not we, close idle connections. */
const KEEP_ALIVE_TIMEOUT_MS = 65_000

export interface RunningApi extends App {
  /** Where it listens, e.g. `http://127.0.0.1:3000`. */
  url: string
  deps: ServicesDeps
  /** Takes nothing new, lets requests and long polls finish within the grace, closes every client. Idempotent. */
  stop(): Promise<void>
}

/** Composition root: configuration → clients → services → app → server. */
export async function startApi(
  config: Config,
  logger: Logger = createLogger({ level: config.LOG_LEVEL, service: 'api' }),
): Promise<RunningApi> {
  const deps: ServicesDeps = {
    config,
    logger,
    db: await openDatabase({
      url: config.DATABASE_URL,
      replicaUrl: config.DATABASE_REPLICA_URL,
      replicaName: config.DATABASE_REPLICA_NAME,
      poolSize: config.DATABASE_POOL_SIZE,
      statementTimeoutMs: config.DATABASE_STATEMENT_TIMEOUT_MS,
      applicationName: 'darkroom-api',
    }),
    redis: openRedis(config.REDIS_URL),
    objects: openObjectStore({
      endpoint: config.S3_ENDPOINT,
      publicEndpoint: config.S3_PUBLIC_ENDPOINT,
      region: config.S3_REGION,
      bucket: config.S3_BUCKET,
      accessKeyId: config.S3_ACCESS_KEY_ID,
      secretAccessKey: config.S3_SECRET_ACCESS_KEY,
    }),
    temporal: openTemporal({ address: config.TEMPORAL_ADDRESS, namespace: config.TEMPORAL_NAMESPACE }),
    openSearch: openSearchClient(config.OPENSEARCH_URL),
  }
  const stopping = new AbortController()
  const services = createServices(deps)
  services.inFlight.start()
  const app = createApp({ config, services, logger, stopping: stopping.signal })
  const handle = app.koa.callback()
  const server = createServer(
    {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    },
    // Koa answers or ends every request itself.
    (request, response) => void handle(request, response),
  )
  server.listen(config.PORT, config.HOST)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const url = `http://${config.HOST.includes(':') ? `[${config.HOST}]` : config.HOST}:${port}`
  logger.info({ url, pid: process.pid }, 'api is listening')

  let stopped: Promise<void> | undefined
  return {
    ...app,
    url,
    deps,
    stop() {
      stopped ??= (async () => {
        logger.info('api is stopping')
        stopping.abort()
        await closeServer(server, config.SHUTDOWN_GRACE_SECONDS * 1000)
        services.inFlight.stop()
        await services.feed.idle()
        await closeClients(deps)
        logger.info('api has stopped')
      })()
      return stopped
    },
  }
}

/** Stops listening and waits for the requests under way; those that outlast the grace are cut off. */
async function closeServer(server: Server, graceMs: number): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  server.closeIdleConnections()
  const cutOff = setTimeout(() => server.closeAllConnections(), graceMs)
  await closed
  clearTimeout(cutOff)
}

async function closeClients({ db, redis, objects, temporal, openSearch }: ServicesDeps): Promise<void> {
  objects.close()
  redis.disconnect()
  await Promise.allSettled([db.close(), temporal.connection.close(), openSearch.close()])
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
    // What an operator has to mend: settings, a taken port.
    const mendable = error instanceof ConfigError || (error instanceof Error && 'code' in error)
    console.error(mendable ? error.message : error)
    process.exit(1)
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) await main()
