import { startApp, type App } from './app.ts'
import { appProcesses } from './app-process.ts'
import { ensureStack } from './install/install.ts'
import { startInstance, stopInstance, type Instance } from './instance.ts'
import { givenSettings } from './instance/env.ts'
import { instanceDir } from './instance/layout.ts'

export interface ServiceOptions {
  /** Name of the instance: its data and ports. */
  instance: string
  report: (line: string) => void
  /** Of API and workers alone, in the place of what the instance has. */
  settings?: Record<string, string>
  /** Aborted when someone wants to stop before it is up. */
  signal?: AbortSignal
}

/** The running service. */
export interface Service {
  instance: Instance
  /** All settings of the app. */
  env: Record<string, string>
  urls: { api: string; docs: string; temporal: string; edge: string }
  /** Stops API, workers and servers, in this order. Can be called twice. */
  stop(): Promise<void>
}

/** Starts and sets up the servers, then starts API and workers; returns when uploads can be accepted and processed. */
export async function startService(options: ServiceOptions): Promise<Service> {
  const { report } = options
  const given = givenSettings()
  const stack = await ensureStack(report)
  const instance = await startInstance({
    dir: instanceDir(options.instance),
    stack,
    lifetime: 'owned',
    kind: 'lasting',
    nodeEnv: given.NODE_ENV ?? 'development',
    given,
    report,
    ...(options.signal ? { signal: options.signal } : {}),
  })
  let app: App | undefined
  let stopped: Promise<void> | undefined
  const stop = () => (stopped ??= stopAll(instance, app, report))
  try {
    const withOwn = { ...instance, env: { ...instance.env, ...options.settings } }
    app = await startApp(withOwn, {
      processes: appProcesses,
      report,
      ...(options.signal ? { signal: options.signal } : {}),
    })
  } catch (error) {
    await stop()
    throw error
  }
  return { instance, env: instance.env, urls: urlsOf(instance.env), stop }
}

async function stopAll(
  instance: Instance,
  app: App | undefined,
  report: (line: string) => void,
): Promise<void> {
  report('stopping: API, workers, servers')
  await app?.stop()
  await stopInstance(instance.dir)
  report('stopped')
}

/** Where a person opens the service. */
export function urlsOf(env: Record<string, string>): Service['urls'] {
  const api = (env.PUBLIC_URL ?? '').replace(/\/$/, '')
  return { api, docs: `${api}/docs`, temporal: env.TEMPORAL_UI_URL ?? '', edge: env.CDN_BASE_URL ?? '' }
}
