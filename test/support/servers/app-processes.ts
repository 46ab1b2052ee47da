import { spawn, type ChildProcess } from 'node:child_process'
import { createWriteStream, mkdirSync } from 'node:fs'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import getPort from 'get-port'
import { loadConfig } from '../../../src/config/config.ts'
import { openTemporal } from '../../../src/infra/temporal/client.ts'
import { setUpQuietTemporal } from './quiet-temporal.ts'

/** The app's processes, each as `npm start` runs it. */
export type ProcessName = 'api' | 'orchestration' | 'media' | 'fanout' | 'fanout-bulk'

const ENTRIES: Record<ProcessName, string> = {
  api: 'src/api/server.ts',
  orchestration: 'src/workers/orchestration.ts',
  media: 'src/workers/media.ts',
  fanout: 'src/workers/fanout.ts',
  'fanout-bulk': 'src/workers/fanout-bulk.ts',
}

/** Darkroom as real processes on the servers of the test instance. */
export interface App {
  url: string
  start(name: ProcessName): Promise<void>
  /** SIGKILL: no handler runs. */
  kill(name: ProcessName): Promise<void>
  /** SIGTERM: waits until the process has shut down; returns its exit code. */
  terminate(name: ProcessName): Promise<number | null>
  stop(): Promise<void>
}

export interface AppOptions {
  /** The API listens where the storage's webhook points (the instance's PORT); false: elsewhere, so that no event arrives. */
  storageEvents: boolean
  processes?: readonly ProcessName[]
  env?: Record<string, string>
}

const READY_TIMEOUT_MS = 60_000
const root = join(import.meta.dirname, '..', '..', '..')

/** Starts the processes and waits until the API answers `/readyz` and each worker polls. */
export async function startApp(options: AppOptions): Promise<App> {
  const given = { ...process.env, ...options.env }
  const port = options.storageEvents ? Number(given.PORT) : await getPort({ host: '127.0.0.1' })
  const url = `http://127.0.0.1:${port}`
  const env = {
    ...given,
    PORT: String(port),
    PUBLIC_URL: url,
    RATE_LIMIT_FACTOR: '1000',
    LOG_LEVEL: 'info',
  }
  await prepareTemporal(env)
  const running = new Map<ProcessName, ChildProcess>()
  // With the logs of the instance's servers: kept when tests fail, gone with the instance otherwise.
  const logs = join(given.DARKROOM_INSTANCE_DIR!, 'logs')
  mkdirSync(logs, { recursive: true })

  const app: App = {
    url,
    async start(name) {
      const child = spawn(process.execPath, [ENTRIES[name]], {
        cwd: root,
        env,
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      running.set(name, child)
      const log = createWriteStream(join(logs, `e2e-${name}.log`), { flags: 'a' })
      child.stdout.pipe(log, { end: false })
      child.stderr.pipe(log, { end: false })
      await ready(name, child, url)
    },
    async kill(name) {
      await end(running.get(name)!, 'SIGKILL')
      running.delete(name)
    },
    async terminate(name) {
      const code = await end(running.get(name)!, 'SIGTERM')
      running.delete(name)
      return code
    },
    async stop() {
      await Promise.all([...running.values()].map((child) => end(child, 'SIGTERM')))
      running.clear()
    },
  }
  try {
    await Promise.all(
      (options.processes ?? (Object.keys(ENTRIES) as ProcessName[])).map((name) => app.start(name)),
    )
  } catch (error) {
    await Promise.all([...running.values()].map((child) => end(child, 'SIGKILL')))
    throw error
  }
  return app
}

/** The namespace that the settings name, unless it is there. */
async function prepareTemporal(env: NodeJS.ProcessEnv): Promise<void> {
  const { TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace } = loadConfig(env)
  const temporal = openTemporal({ address, namespace })
  try {
    await setUpQuietTemporal(temporal)
  } finally {
    await temporal.connection.close()
  }
}

/** A worker says `worker ready` in its log once it polls; the API answers `/readyz`. */
async function ready(name: ProcessName, child: ChildProcess, url: string): Promise<void> {
  let output = ''
  let said = false
  const listen = (chunk: Buffer) => {
    if (said) return
    output = (output + chunk.toString()).slice(-20_000)
    said = output.includes('worker ready')
  }
  child.stdout!.on('data', listen)
  child.stderr!.on('data', listen)
  const deadline = performance.now() + READY_TIMEOUT_MS
  while (performance.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`${name} ended with ${child.exitCode ?? child.signalCode}:\n${output}`)
    }
    if (name === 'api' ? await answers(`${url}/readyz`) : said) return
    await sleep(50)
  }
  throw new Error(`${name} was not ready within ${READY_TIMEOUT_MS} ms:\n${output}`)
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) })
    await response.arrayBuffer()
    return response.ok
  } catch {
    return false
  }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    const exited = once(child, 'exit')
    child.kill(signal)
    await exited
  }
  return child.exitCode
}
