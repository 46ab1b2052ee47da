import type { WorkflowHandle } from '@temporalio/client'
import { TestWorkflowEnvironment } from '@temporalio/testing'
import { Worker } from '@temporalio/worker'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { SEARCH_ATTRIBUTES } from '../../../src/contracts/search-attributes.ts'
import { edgeTaskQueue, TASK_QUEUES } from '../../../src/contracts/task-queues.ts'
import { ensureWorkflowBundle } from '../../../src/workers/workflow-bundle.ts'
import './quiet-runtime.ts'

const KEYWORD = 2

/**
 * A test server whose clock jumps over timers. It has one clock: one environment a file, one workflow at a time.
 *
 * It must not be asked to cancel an activity that ended while the workflow task was under way: unlike the real server it
 * refuses the whole task (ACTIVITY_UNKNOWN), but takes it for completed and never hands it out again, and its clock stands
 * still from then on (https://github.com/temporalio/sdk-java/issues/2391 and 3088). So a test that cancels first waits until
 * the workflow has heard of all that ends by itself; a cancellation that meets an end is tested in dev-server.test.ts.
 * Nor does it hold its clock while a cancellation is on its way to a child workflow; so shards are tested on the other server.
 */
export async function openTimeSkipping(): Promise<TestWorkflowEnvironment> {
  const path = process.env.TEMPORAL_TEST_SERVER_PATH ?? process.env.TEMPORAL_TEST_SERVER
  if (!path) throw new Error('TEMPORAL_TEST_SERVER_PATH is not set: run the tests with `npm test`')
  const env = await TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path } },
  })
  await env.connection.operatorService.addSearchAttributes({
    namespace: env.namespace ?? 'default',
    searchAttributes: Object.fromEntries(SEARCH_ATTRIBUTES.map(({ name }) => [name, KEYWORD])),
  })
  return env
}

export interface Workers {
  /** Ends all of them, as a deployment does. */
  stop(): Promise<void>
}

type Fakes = Record<string, (...args: never[]) => Promise<unknown>>

/** The edges that fake activities may name. */
export const EDGES = ['http://edge-1', 'http://edge-2']

/** The orchestration worker with its queues, and the media worker, over fake activities. */
export async function startWorkers(env: TestWorkflowEnvironment, activities: Fakes): Promise<Workers> {
  const codePath = await ensureWorkflowBundle()
  const common = { connection: env.nativeConnection, namespace: env.namespace ?? 'default', activities }
  // Without a cache each workflow task replays the history, which tests determinism along the way; and the time-skipping
  // server does not hand a task to the sticky queue of a worker that has ended.
  const workers = [
    await Worker.create({
      ...common,
      taskQueue: TASK_QUEUES.orchestration,
      workflowBundle: { codePath },
      ...(env.supportsTimeSkipping ? { maxCachedWorkflows: 0 } : {}),
    }),
    await Worker.create({ ...common, taskQueue: TASK_QUEUES.media, maxHeartbeatThrottleInterval: '100ms' }),
    ...(await Promise.all(
      [
        TASK_QUEUES.search,
        TASK_QUEUES.notifications,
        TASK_QUEUES.outgoing,
        TASK_QUEUES.archive,
        TASK_QUEUES.exports,
        TASK_QUEUES.moderation,
        TASK_QUEUES.embedding,
        ...EDGES.map(edgeTaskQueue),
      ].map((taskQueue) => Worker.create({ ...common, taskQueue })),
    )),
  ]
  const running = workers.map((worker) => worker.run())
  return {
    async stop() {
      for (const worker of workers) worker.shutdown()
      await Promise.all(running)
    },
  }
}

/** The server of a file, and the workers of one test at a time. Called once, at the top of the file. */
export function timeSkippingOfFile() {
  let env: TestWorkflowEnvironment
  let workers: Workers | undefined
  const stop = async () => {
    await workers?.stop()
    workers = undefined
  }
  beforeAll(async () => {
    env = await openTimeSkipping()
  })
  afterEach(stop)
  afterAll(() => env?.teardown())
  return {
    /** Once the tests have begun. */
    get env() {
      return env
    },
    /** Starts the workers over fake activities; they end with the test. */
    async serve(activities: Fakes): Promise<void> {
      workers = await startWorkers(env, activities)
    },
    /** Ends them earlier. */
    stop,
  }
}

/**
 * How long a workflow that has ended ran, by the clock of its server. A question for the time after `result()` tells nothing:
 * the clock is let go for as long as that waits, and once the workflow has ended it jumps over timers that stay behind, the
 * ten years of the execution's timeout among them, unless the call that holds it again comes first.
 */
export async function lastedMs(ended: Pick<WorkflowHandle, 'describe'>): Promise<number> {
  const { startTime, closeTime } = await ended.describe()
  return closeTime!.getTime() - startTime.getTime()
}

/** A promise to be settled from outside: a test decides when a fake activity goes on. */
export function gate() {
  let open!: () => void
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { open, opened }
}

/** Polls in real time until it is so. */
export async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 10_000
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`not so within 10 s: ${String(condition)}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
