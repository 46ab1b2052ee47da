import { setPriority } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { NativeConnection, Runtime, Worker, type WorkerOptions } from '@temporalio/worker'
import { ConfigError } from '../config/config-error.ts'
import { loadConfig, type Config } from '../config/config.ts'
import type { Role } from '../config/roles.ts'
import type { TASK_QUEUES } from '../contracts/task-queues.ts'
import { findMissingSearchAttributes } from '../infra/temporal/search-attributes.ts'
import { openClients, type Clients } from '../services/clients.ts'
import { createLogger, type Logger } from '../observability/logger.ts'
import {
  collectProcessMetrics,
  startMetricsServer,
  type MetricsServer,
} from '../observability/metrics-server.ts'
import { runtimeLogger } from './runtime-logger.ts'
import { createRuntimeMetrics } from './runtime-metrics.ts'
import { freshWorkflowBundle } from './workflow-bundle.ts'
import { messageOf } from '../observability/error-text.ts'

/** The parts of a worker. */
interface WorkerParts {
  activities: object
  /** Queues that the process serves besides, with the same activities and slots of their own. */
  besides?: readonly { taskQueue: string; slots: number }[]
  /** Each runs beside the worker until the signal aborts. */
  background?: readonly ((signal: AbortSignal) => Promise<void>)[]
}

export interface WorkerDefinition {
  taskQueue: keyof typeof TASK_QUEUES
  /** Which secrets it holds. */
  role: Role
  /** Workers that run no workflows load none (60 MB less). */
  runsWorkflows: boolean
  options(config: Config): Partial<WorkerOptions>
  /** Opens the modules that the activities need. */
  compose(clients: Clients): WorkerParts | Promise<WorkerParts>
}

export interface RunningWorker {
  /** Settles when the worker has stopped; rejects if it failed. */
  done: Promise<void>
  /** Takes no new tasks, lets activities finish within the grace time, then stops. */
  stop(): Promise<void>
}

/** Someone waits for the API, no one for a worker: of a machine that they share, it gets a third of what the API gets (`nice` of POSIX). */
const NICENESS = 5
const RECONNECT_PAUSE_MS = 1_000
/** How long a worker waits for `darkroom setup` before it says what is missing and gives up. */
const SETUP_PATIENCE_MS = 60_000
/**
 * Activities are cancelled at the end of the grace time. Those that still run this much later are cut off, and retried
 * elsewhere after their heartbeat or other timeout.
 */
const SHUTDOWN_FORCE_AFTER_GRACE_SECONDS = 5
/** Ctrl-C reaches a process once from the terminal and once from npm. */
const SECOND_SIGNAL_IGNORED_MS = 1_000

/**
 * Starts a worker in this process: waits for Temporal, checks that it is set up, composes the activities.
 * @throws Error if Temporal lacks what `darkroom setup` creates, after waiting for it
 */
export async function startWorker(
  definition: WorkerDefinition,
  config: Config,
  logger: Logger,
  signal?: AbortSignal,
): Promise<RunningWorker> {
  const connection = await connect(config, logger, signal)
  await awaitSetup(connection, config, logger, signal)
  const clients = await openClients(config, logger, {
    applicationName: `darkroom-${definition.taskQueue}`,
    readsReplica: false,
  })
  const parts = await definition.compose(clients)
  const common = {
    connection,
    namespace: config.TEMPORAL_NAMESPACE,
    activities: parts.activities,
    shutdownGraceTime: `${config.SHUTDOWN_GRACE_SECONDS}s`,
    shutdownForceTime: `${config.SHUTDOWN_GRACE_SECONDS + SHUTDOWN_FORCE_AFTER_GRACE_SECONDS}s`,
    // Cancellations arrive with heartbeats, so heartbeats may not be held back for long.
    maxHeartbeatThrottleInterval: '1s',
  } satisfies Partial<WorkerOptions>
  const workers = [
    await Worker.create({
      ...common,
      taskQueue: definition.taskQueue,
      ...(definition.runsWorkflows ? { workflowBundle: { codePath: await freshWorkflowBundle() } } : {}),
      ...definition.options(config),
    }),
  ]
  for (const { taskQueue, slots } of parts.besides ?? [])
    workers.push(await Worker.create({ ...common, taskQueue, maxConcurrentActivityTaskExecutions: slots }))

  const stop = () => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown()
  }
  const background = new AbortController()
  const running = Promise.all(workers.map((worker) => worker.run().finally(stop))).finally(() =>
    background.abort(),
  )
  // Background tasks are part of the worker: if one fails, the process ends and is started again.
  const beside = parts.background?.map((run) => run(background.signal).finally(stop)) ?? []
  const done = Promise.allSettled([running, ...beside]).then(async (outcomes) => {
    await clients.close()
    await connection.close()
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  })
  logger.info({ taskQueue: definition.taskQueue }, 'worker ready')
  return {
    done,
    async stop() {
      stop()
      await done
    },
  }
}

/** The whole life of a worker process, until SIGTERM or SIGINT. */
export async function runWorker(definition: WorkerDefinition): Promise<void> {
  setPriority(NICENESS)
  const config = loadOrExit(definition.role)
  const logger = createLogger({ level: config.LOG_LEVEL, service: `worker-${definition.taskQueue}` })
  const runtimeMetrics = await createRuntimeMetrics()
  Runtime.install({
    logger: runtimeLogger(logger),
    telemetryOptions: runtimeMetrics.telemetry,
    shutdownSignals: [],
  })
  const stopping = onceStopping(logger)
  let metrics: MetricsServer | undefined
  try {
    metrics = await serveMetrics(config, logger, runtimeMetrics.read)
    const worker = await startWorker(definition, config, logger, stopping)
    stopping.addEventListener('abort', () => void worker.stop().catch(() => {}))
    if (stopping.aborted) await worker.stop()
    await worker.done
    logger.info('worker stopped')
  } catch (error) {
    if (stopping.aborted && error === stopping.reason) return
    logger.fatal({ err: error }, 'worker failed')
    process.exitCode = 1
  } finally {
    await metrics?.close()
  }
}

/**
 * Serves metrics from the very start to the very end, so that a worker can be watched while it waits for Temporal or
 * drains. If its port is taken, the worker runs without them, and Prometheus reports a target that is down.
 */
async function serveMetrics(
  config: Config,
  logger: Logger,
  append: () => Promise<string>,
): Promise<MetricsServer | undefined> {
  collectProcessMetrics()
  const { HOST: host, METRICS_PORT: port, METRICS_TOKEN: token } = config
  try {
    const metrics = await startMetricsServer({ host, port, token, append })
    logger.info({ url: metrics.url }, 'metrics are served')
    return metrics
  } catch (error) {
    logger.error({ host, port, err: error }, 'metrics are not served')
    return undefined
  }
}

function loadOrExit(role: Role): Config {
  try {
    return loadConfig(process.env, role)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exit(2)
  }
}

/** Aborts on the first SIGTERM or SIGINT; another one more than a second later ends the process at once. */
function onceStopping(logger: Logger): AbortSignal {
  const controller = new AbortController()
  let firstAt: number | undefined
  const stop = (name: NodeJS.Signals) => {
    if (firstAt !== undefined) {
      if (performance.now() - firstAt > SECOND_SIGNAL_IGNORED_MS) process.exit(130)
      return
    }
    firstAt = performance.now()
    logger.info({ signal: name }, 'worker stopping')
    controller.abort()
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  return controller.signal
}

async function connect(config: Config, logger: Logger, signal?: AbortSignal): Promise<NativeConnection> {
  for (let tries = 1; ; tries++) {
    signal?.throwIfAborted()
    try {
      return await NativeConnection.connect({ address: config.TEMPORAL_ADDRESS })
    } catch (error) {
      if (tries % 10 === 1) {
        logger.warn({ address: config.TEMPORAL_ADDRESS, err: error }, 'waiting for Temporal')
      }
      await delay(RECONNECT_PAUSE_MS, undefined, signal ? { signal } : {})
    }
  }
}

/** Waits for `darkroom setup`, because an unregistered search attribute would fail workflow tasks forever. */
async function awaitSetup(
  connection: NativeConnection,
  config: Config,
  logger: Logger,
  signal?: AbortSignal,
): Promise<void> {
  const namespace = config.TEMPORAL_NAMESPACE
  const givingUpAt = performance.now() + SETUP_PATIENCE_MS
  for (let tries = 1; ; tries++) {
    signal?.throwIfAborted()
    const problem = await findMissingSearchAttributes(connection, namespace).then(
      (missing) => (missing.length > 0 ? `lacks the search attributes ${missing.join(', ')}` : undefined),
      (error: unknown) => `does not answer: ${messageOf(error)}`,
    )
    if (!problem) return
    const text = `Temporal namespace "${namespace}" ${problem}. Run \`npm run darkroom -- setup\` (temporal/README.md).`
    if (performance.now() > givingUpAt) throw new Error(text)
    if (tries === 1) logger.warn(text)
    await delay(RECONNECT_PAUSE_MS, undefined, signal ? { signal } : {})
  }
}
