import { chmodSync, existsSync, mkdirSync, rmSync } from 'node:fs'
import { appProcesses } from './app-process.ts'
import { withFolderLock } from './install/lock.ts'
import type { StackPaths } from './install/paths.ts'
import { startServer, stopServer, type Lifetime } from './instance/control.ts'
import { externalServers, instanceEnv, writeEnvFile } from './instance/env.ts'
import { readJson, writePrivateJson } from './instance/files.ts'
import { layoutOf, type Layout } from './instance/layout.ts'
import { choosePorts, preferredPorts, type MovedPort, type PortName, type Ports } from './instance/ports.ts'
import { loadSecrets } from './instance/secrets.ts'
import {
  forgetProcess,
  readOwner,
  recordedNames,
  recordedProcess,
  runningProcess,
  writeOwner,
} from './instance/state.ts'
import { stopProcess, type ProcessId } from './instance/process.ts'
import { assertUsableByServers } from './instance/unprivileged.ts'
import { serverNamed, servers } from './servers/index.ts'
import { serverNames, type ServerContext, type ServerName } from './servers/server.ts'

/** What is kept of an instance between starts. */
interface Kept {
  ports: Ports
  env: Record<string, string>
  external: string[]
  durable: boolean
  stack: StackPaths
}

export interface StartOptions {
  dir: string
  stack: StackPaths
  lifetime: Lifetime
  /** `throw-away` takes random ports and skips waiting for the disk. */
  kind: 'lasting' | 'throw-away'
  nodeEnv: string
  /** Settings from outside; a server that they place elsewhere is not started. */
  given: Record<string, string>
  /** Only these servers; all when absent. */
  only?: ServerName[]
  report: (line: string) => void
  /** Aborted when someone wants to stop before all is up; what has been started is stopped again. */
  signal?: AbortSignal
}

/** An instance that is running or was started once, as tests and the command line use it. */
export interface Instance {
  dir: string
  env: Record<string, string>
  ports: Ports
  layout: Layout
  /** Servers that are somewhere else. */
  external: string[]
  /** Starts a server unless it runs, and waits until it is ready. */
  startServer(name: ServerName): Promise<void>
  /** Stops a server; `SIGKILL` simulates a crash, `SIGSTOP` and `SIGCONT` only pause and resume it. */
  stopServer(name: ServerName, signal?: NodeJS.Signals): Promise<void>
  /** `ready`, or what is wrong. */
  checkServer(name: ServerName): Promise<string>
}

/** Starts the servers of an instance in parallel and returns when all are ready. Running ones are left as they are. */
export async function startInstance(options: StartOptions): Promise<Instance> {
  const layout = layoutOf(options.dir)
  mkdirSync(layout.dir, { recursive: true })
  // Servers of another account pass through this folder; secret files have a mode of their own.
  chmodSync(layout.dir, 0o711)
  assertUsableByServers([layout.dir, options.stack.root])
  return withFolderLock(
    layout.dir,
    () => options.report(`waiting for another process that works on ${layout.dir}`),
    () => startLocked(layout, options),
  )
}

async function startLocked(layout: Layout, options: StartOptions): Promise<Instance> {
  const owner = readOwner(layout)
  if (owner && options.lifetime === 'detached') return startBesideOwner(layout, owner, options)
  if (owner && owner.pid !== process.pid) {
    throw new Error(
      `the instance ${layout.name} is in use by process ${owner.pid}; stop that first, or use another instance`,
    )
  }
  const external = externalServers(options.given)
  // Detached servers, and those left running by an owner that died, would not end with this owner.
  if (options.lifetime === 'owned') await stopRecorded(layout, 'SIGKILL')

  const kept = readJson<Kept>(layout.settings)
  const { ports, moved } = await choosePorts(
    { ...kept?.ports, ...givenApiPort(options.given) },
    options.kind === 'lasting' ? 'preferred' : 'random',
    (name) => portHolders(name).some((server) => runningProcess(layout, server)),
  )
  reportMoved(moved, options.report)

  const secrets = loadSecrets(layout.secrets)
  const env = instanceEnv(layout, ports, secrets, options.stack, options.given, options.nodeEnv)
  const durable = options.kind === 'lasting'
  writeEnvFile(layout.env, env)
  writePrivateJson(layout.settings, { ports, env, external, durable, stack: options.stack } satisfies Kept)
  writeOwner(layout, options.lifetime === 'owned')

  const context: ServerContext = {
    layout,
    ports,
    secrets,
    stack: options.stack,
    env,
    durable,
    report: options.report,
  }
  await startAll(external, context, options)
  return describeInstance(context, external)
}

/** Starts the servers that its owner's instance lacks. The owner and the settings of its app stay as they are. */
async function startBesideOwner(layout: Layout, owner: ProcessId, options: StartOptions): Promise<Instance> {
  options.report(
    `the instance ${layout.name} is in use by process ${owner.pid}: its settings stay, and its servers end with it`,
  )
  const { context, external } = openKept(layout, options.report)
  await startAll(external, context, options)
  return describeInstance(context, external)
}

async function startAll(external: string[], context: ServerContext, options: StartOptions): Promise<void> {
  const wanted = serverNames.filter(
    (name) => !external.includes(name) && (options.only?.includes(name) ?? true),
  )
  const ready = new Map<ServerName, Promise<void>>()
  for (const name of wanted) {
    const server = servers[name]
    const start = async () => {
      for (const needed of server.needs) await ready.get(needed)
      const started = Date.now()
      await startServer(server, context, options.lifetime, options.signal)
      options.report(`${name} is ready (${((Date.now() - started) / 1000).toFixed(1)} s)`)
    }
    ready.set(name, start())
  }
  const outcomes = await Promise.allSettled(ready.values())
  const failures = outcomes
    .filter((outcome) => outcome.status === 'rejected')
    .map((outcome) => outcome.reason as Error)
  if (failures.length === 0) return
  if (options.lifetime === 'owned') await stopRecorded(context.layout)
  options.signal?.throwIfAborted()
  throw new AggregateError(failures, failures.map((failure) => failure.message).join('\n\n'))
}

/** Opens an instance that is running (or was), to read its settings and to stop and restart servers. */
export function attachInstance(dir: string): Instance {
  const { context, external } = openKept(layoutOf(dir), () => undefined)
  return describeInstance(context, external)
}

/** What the last start recorded about an instance. */
function openKept(
  layout: Layout,
  report: (line: string) => void,
): { context: ServerContext; external: string[] } {
  const kept = readJson<Kept>(layout.settings)
  if (!kept) throw new Error(`no instance at ${layout.dir}`)
  const context: ServerContext = {
    layout,
    ports: kept.ports,
    secrets: loadSecrets(layout.secrets),
    stack: kept.stack,
    env: kept.env,
    durable: kept.durable,
    report,
  }
  return { context, external: kept.external }
}

function describeInstance(context: ServerContext, external: string[]): Instance {
  const { layout, env, ports } = context
  return {
    dir: layout.dir,
    env,
    ports,
    layout,
    external,
    startServer: (name) => startServer(serverNamed(name), context, 'detached'),
    async stopServer(name, signal) {
      const running = runningProcess(layout, name)
      if (running && (signal === 'SIGSTOP' || signal === 'SIGCONT')) process.kill(running.pid, signal)
      else await stopServer(serverNamed(name), layout, signal)
    },
    checkServer: (name) =>
      serverNamed(name)
        .probe(context)
        .then(
          () => 'ready',
          (error: Error) => error.message,
        ),
  }
}

/** Stops all servers of an instance at once. `fast` kills without waiting for anything to be written. */
export async function stopInstance(dir: string, how: 'gently' | 'fast' = 'gently'): Promise<void> {
  const layout = layoutOf(dir)
  if (!existsSync(layout.dir)) return
  await stopRecorded(layout, how === 'fast' ? 'SIGKILL' : undefined)
  writeOwner(layout, false)
}

/** Stops an instance and deletes everything it stored. */
export async function deleteInstance(dir: string): Promise<void> {
  await stopInstance(dir, 'fast')
  rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
}

async function stopRecorded(layout: Layout, signal?: NodeJS.Signals): Promise<void> {
  await Promise.all(
    recordedNames(layout).map(async (name) => {
      if (name in servers) return stopServer(serverNamed(name), layout, signal)
      const recorded = recordedProcess(layout, name)
      if (recorded) await stopProcess(recorded, signal ?? 'SIGTERM', 5_000)
      forgetProcess(layout, name)
    }),
  )
}

/** Names the ports that people type; the others are only reported as moved (`stack status` shows them). */
function reportMoved(moved: MovedPort[], report: (line: string) => void): void {
  const typed: PortName[] = ['api', 'edge', 'temporal', 'temporalUi']
  for (const { name, wanted, used } of moved.filter((move) => typed.includes(move.name))) {
    report(`port ${wanted} is taken: ${name} uses ${used}`)
  }
  const others = moved.filter((move) => !typed.includes(move.name))
  if (others.length > 0)
    report(`ports ${others.map((move) => move.wanted).join(', ')} are taken: others are used`)
}

function portHolders(name: PortName): string[] {
  if (name === 'api') return ['api']
  const worker = appProcesses.find((process) => process.metricsPort === name)
  return worker ? [worker.name] : serverNames.filter((server) => servers[server].ports.includes(name))
}

function givenApiPort(given: Record<string, string>): Partial<Ports> {
  const port = Number(given.PORT)
  return Number.isInteger(port) && port > 0 && port < 65_536 && port !== preferredPorts.api
    ? { api: port }
    : {}
}
