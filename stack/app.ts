import { setTimeout as sleep } from 'node:timers/promises'
import { Client, Connection } from '@temporalio/client'
import { TASK_QUEUES } from '../src/contracts/task-queues.ts'
import { envOf, supervise, type AppProcess, type Supervised } from './app-process.ts'
import type { Instance } from './instance.ts'
import { logFile, tail } from './instance/control.ts'
import { runSetup } from './setup.ts'

/** How long the app may take until it is ready, including a cold start on two busy cores. */
const readyTimeoutMs = 90_000
const pollMs = 150

export interface AppOptions {
  processes: readonly AppProcess[]
  report: (line: string) => void
  /** Aborted when someone wants to stop before it is up. */
  signal?: AbortSignal
}

/** The running API and workers of an instance. */
export interface App {
  stop(): Promise<void>
}

/** Sets up an instance's servers, starts API and workers, and returns when uploads can be processed. */
export async function startApp(instance: Instance, { processes, report, signal }: AppOptions): Promise<App> {
  const started: Supervised[] = []
  const app = { stop: () => stopInOrder(started) }
  try {
    signal?.throwIfAborted()
    report('setting up: migrations, bucket, search index, Temporal')
    await runSetup(instance)
    signal?.throwIfAborted()
    for (const process of processes)
      started.push(
        await supervise(process, instance.layout, envOf(process, instance.env, instance.ports), report),
      )
    await Promise.all([untilApiReady(instance, signal), untilWorkersPoll(instance, signal)])
    report('API and workers are ready')
    return app
  } catch (error) {
    await app.stop()
    throw error
  }
}

/** Stops the API first, so that nothing new is accepted; then the workers, while the servers they write to still run. */
async function stopInOrder(app: Supervised[]): Promise<void> {
  await Promise.all(app.filter((process) => process.name === 'api').map((process) => process.stop()))
  await Promise.all(app.filter((process) => process.name !== 'api').map((process) => process.stop()))
}

/** The API answers 200 on /readyz once everything it depends on answers. */
async function untilApiReady(instance: Instance, signal?: AbortSignal): Promise<void> {
  const { HOST: host, PORT: port, METRICS_TOKEN: token } = instance.env
  const url = `http://${host === '0.0.0.0' ? '127.0.0.1' : host}:${port}/readyz`
  await until('the API is not ready', logFile(instance.layout, 'api'), signal, async () => {
    const response = await fetch(url, {
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(5_000),
    })
    if (!response.ok)
      throw new Error(`${url} answers ${response.status}: ${(await response.text()).slice(0, 500)}`)
  })
}

/** A worker is ready when Temporal has seen it ask for work. */
async function untilWorkersPoll(instance: Instance, signal?: AbortSignal): Promise<void> {
  const { TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace } = instance.env
  const connection = Connection.lazy({ address: address ?? '' })
  const client = new Client({ connection, namespace: namespace ?? '' })
  // 1: workflow tasks, 2: activity tasks (temporal.api.enums.v1.TaskQueueType).
  const polled = [
    { queue: TASK_QUEUES.orchestration, type: 1 },
    ...Object.values(TASK_QUEUES).map((queue) => ({ queue, type: 2 })),
  ]
  try {
    await Promise.all(
      polled.map(({ queue, type }) =>
        until(`no worker asks for work on ${queue}`, logFile(instance.layout, queue), signal, async () => {
          const { pollers } = await client.workflowService.describeTaskQueue({
            namespace: namespace ?? '',
            taskQueue: { name: queue },
            taskQueueType: type,
          })
          // Temporal remembers the pollers of the last minutes; only those since this start count.
          const since = Date.now() - process.uptime() * 1_000
          const fresh = pollers?.some(
            (poller) => Number(poller.lastAccessTime?.seconds ?? 0) * 1_000 >= since,
          )
          if (!fresh) throw new Error('no poller')
        }),
      ),
    )
  } finally {
    await connection.close()
  }
}

async function until(
  failure: string,
  log: string,
  signal: AbortSignal | undefined,
  check: () => Promise<void>,
): Promise<void> {
  const deadline = Date.now() + readyTimeoutMs
  for (;;) {
    signal?.throwIfAborted()
    try {
      return await check()
    } catch (error) {
      if (Date.now() > deadline) {
        const reason = error instanceof Error ? error.message : String(error)
        throw new Error(
          `${failure} after ${readyTimeoutMs / 1000} s (${reason})\n--- the end of ${log}\n${tail(log)}`,
          { cause: error },
        )
      }
    }
    await sleep(pollMs)
  }
}
