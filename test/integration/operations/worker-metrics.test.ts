import { spawn, type ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Client } from '@temporalio/client'
import { loadConfig } from '../../../src/config/config.ts'
import { HOUSEKEEPING } from '../../../src/contracts/housekeeping.ts'
import { TASK_QUEUES } from '../../../src/contracts/task-queues.ts'
import { openTemporal } from '../../../src/infra/temporal/client.ts'
import { setUpQuietTemporal } from '../../support/servers/quiet-temporal.ts'
import { expressions, root } from '../../unit/observability/definitions.ts'
import { parsePromql } from '../../unit/observability/promql.ts'
import { eventually } from '../../support/worlds/upload-world.ts'

/** A worker process as `npm start` runs it, and what Prometheus reads from it. */
describe('the metrics of a running worker', () => {
  const namespace = `metrics-${randomUUID().slice(0, 8)}`
  let temporal: Client
  let worker: ChildProcess
  let url: string

  beforeAll(async () => {
    temporal = openTemporal({ address: loadConfig().TEMPORAL_ADDRESS, namespace })
    await setUpQuietTemporal(temporal)
    worker = spawn(process.execPath, ['src/workers/orchestration.ts'], {
      cwd: root,
      env: { ...process.env, TEMPORAL_NAMESPACE: namespace, METRICS_PORT: '0', LOG_LEVEL: 'info' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let log = ''
    worker.stdout!.on('data', (chunk: Buffer) => (log += chunk.toString()))
    url = await eventually(() => Promise.resolve(/"url":"([^"]+\/metrics)"/.exec(log)?.[1]))
    // A workflow whose steps are ordinary activities, so that everything that Temporal measures of them appears.
    await temporal.workflow.execute(HOUSEKEEPING, {
      taskQueue: TASK_QUEUES.orchestration,
      workflowId: `housekeeping-${randomUUID()}`,
    })
  })
  afterAll(async () => {
    if (worker?.exitCode === null) worker.kill('SIGKILL')
    await temporal?.connection.close()
  })

  async function scrape(): Promise<Set<string>> {
    const text = await (await fetch(url)).text()
    return new Set([...text.matchAll(/^(\w+)(?:\{.*\})? \S+$/gm)].map(([, name]) => name!))
  }

  /** Appears only once an activity has failed, and none does here. */
  const ONLY_AFTER_FAILURES = ['temporal_activity_execution_failed']

  it('include every Temporal metric of the alerts and dashboard', async () => {
    const named = expressions()
      .flatMap(([, expression]) => parsePromql(expression).selected.map(({ metric }) => metric))
      .filter((metric) => metric.startsWith('temporal_') && !ONLY_AFTER_FAILURES.includes(metric))
    expect(named).not.toHaveLength(0)
    const served = await eventually(async () => {
      const names = await scrape()
      return names.has('temporal_activity_succeed_endtoend_latency_seconds_bucket') ? names : undefined
    })
    expect([...new Set(named)].filter((metric) => !served.has(metric))).toEqual([])
  })

  it('include outbox, edges, process and the replica keeper’s decisions', async () => {
    const text = await eventually(async () => {
      const answer = await (await fetch(url)).text()
      return answer.includes('darkroom_replica_serving{by="keeper"}') ? answer : undefined
    })
    expect(text).toMatch(/^darkroom_replica_serving\{by="keeper"\} 1$/m)
    expect(text).toMatch(/^darkroom_outbox_parked_total\{kind="photoChanged"\} \d+$/m)
    expect(text).toMatch(/^darkroom_outbox_oldest_seconds \d/m)
    expect(text).toMatch(/^darkroom_edge_refusals_pending 0$/m)
    expect(text).toMatch(/^darkroom_worker_process_resident_memory_bytes \d+$/m)
  })

  it('disappear with the worker, which ends cleanly', async () => {
    const exited = once(worker, 'exit')
    worker.kill('SIGTERM')
    expect(await exited).toEqual([0, null])
    await expect(fetch(url)).rejects.toThrow()
  })
})
