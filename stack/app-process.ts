import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { settingsSchema } from '../src/config/settings.ts'
import { envOfRole, type Role } from '../src/config/roles.ts'
import { logFile, tail } from './instance/control.ts'
import { checkoutDir, type Layout } from './instance/layout.ts'
import type { PortName, Ports } from './instance/ports.ts'
import { isAlive, startProcess, stopProcess, type ProcessId } from './instance/process.ts'
import { forgetProcess, writeProcess } from './instance/state.ts'

/** One process of the app. */
export interface AppProcess {
  name: string
  role: Role
  /** Entry file, relative to the checkout. */
  entry: string
  nodeFlags: string[]
  /** The port where a worker serves its metrics. The API serves them on its own port. */
  metricsPort?: PortName
}

/**
 * The app's processes. The heap limits make V8 collect early: a bare orchestration worker rests at 203 MB without and
 * at 188 MB with them.
 */
export const appProcesses: AppProcess[] = [
  {
    name: 'api',
    role: 'api',
    entry: 'src/api/server.ts',
    nodeFlags: ['--max-semi-space-size=4', '--max-old-space-size=384'],
  },
  {
    name: 'orchestration',
    role: 'orchestration',
    entry: 'src/workers/orchestration.ts',
    nodeFlags: ['--max-semi-space-size=4', '--max-old-space-size=192'],
    metricsPort: 'orchestrationMetrics',
  },
  {
    name: 'media',
    role: 'media',
    entry: 'src/workers/media.ts',
    nodeFlags: ['--max-semi-space-size=4', '--max-old-space-size=192'],
    metricsPort: 'mediaMetrics',
  },
  {
    name: 'fanout',
    role: 'fanout',
    entry: 'src/workers/fanout.ts',
    nodeFlags: ['--max-semi-space-size=4', '--max-old-space-size=192'],
    metricsPort: 'fanoutMetrics',
  },
  {
    name: 'fanout-bulk',
    role: 'fanout',
    entry: 'src/workers/fanout-bulk.ts',
    nodeFlags: ['--max-semi-space-size=4', '--max-old-space-size=192'],
    metricsPort: 'fanoutBulkMetrics',
  },
]

/** The instance's settings as one of its processes gets them. */
export function envOf(app: AppProcess, env: Record<string, string>, ports: Ports): Record<string, string> {
  const own = envOfRole(env, app.role)
  return app.metricsPort ? { ...own, METRICS_PORT: String(ports[app.metricsPort]) } : own
}

const backoffMs = { first: 500, most: 30_000 }
/** A process that ran this long was healthy: its next restart does not wait long. */
const healthyMs = 60_000
const pollMs = 200
/** How long a worker may take beyond SHUTDOWN_GRACE_SECONDS to cut off its activities (5 s) and close its connections. */
const beyondGraceMs = 10_000

export interface Supervised {
  name: string
  stop(): Promise<void>
}

/** Starts a process of the app and restarts it, more and more slowly, when it ends by itself. */
export async function supervise(
  app: AppProcess,
  layout: Layout,
  env: Record<string, string>,
  report: (line: string) => void,
): Promise<Supervised> {
  const graceMs = settingsSchema.shape.SHUTDOWN_GRACE_SECONDS.parse(env.SHUTDOWN_GRACE_SECONDS) * 1_000
  let stopping = false
  let current: ProcessId = await start(app, layout, env)

  const watching = (async () => {
    let startedAt = Date.now()
    let waitMs = backoffMs.first
    while (!stopping) {
      await sleep(pollMs)
      if (stopping || isAlive(current)) continue
      if (Date.now() - startedAt > healthyMs) waitMs = backoffMs.first
      const file = logFile(layout, app.name)
      report(
        `${app.name} ended; it starts again in ${waitMs / 1000} s. The end of ${file}:\n${tail(file, 1_500)}`,
      )
      const until = Date.now() + waitMs
      while (!stopping && Date.now() < until) await sleep(pollMs)
      if (stopping) return
      current = await start(app, layout, env)
      startedAt = Date.now()
      waitMs = Math.min(waitMs * 2, backoffMs.most)
    }
  })()

  return {
    name: app.name,
    async stop() {
      stopping = true
      await watching
      await stopProcess(current, 'SIGTERM', graceMs + beyondGraceMs)
      forgetProcess(layout, app.name)
    },
  }
}

async function start(app: AppProcess, layout: Layout, env: Record<string, string>): Promise<ProcessId> {
  const command = {
    account: 'same' as const,
    file: process.execPath,
    args: [...app.nodeFlags, join(checkoutDir, app.entry)],
    cwd: checkoutDir,
    env,
  }
  const started = await startProcess(command, logFile(layout, app.name), 'TERM')
  writeProcess(layout, app.name, started)
  return started
}
