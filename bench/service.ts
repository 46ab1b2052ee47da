import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureStack } from '../stack/install/install.ts'
import { deleteInstance, startInstance, stopInstance, type Instance } from '../stack/instance.ts'
import { runSetup } from '../stack/setup.ts'
import { startApp, type App } from '../test/e2e/app-processes.ts'

/** Darkroom on a throw-away instance of the real servers, with an API and workers as `npm start` runs them. */
export interface BenchService {
  instance: Instance
  app: App
  stop(): Promise<void>
}

/** Starts it; what is stopped is deleted, so that every run begins with empty stores. */
export async function startBenchService(): Promise<BenchService> {
  const report = (line: string) => console.error(`stack: ${line}`)
  const stack = await ensureStack(report)
  const dir = mkdtempSync(join(tmpdir(), 'darkroom-bench-'))
  const instance = await startInstance({
    dir,
    stack,
    lifetime: 'owned',
    kind: 'throw-away',
    nodeEnv: 'production',
    given: {},
    report,
  })
  const end = async () => {
    await stopInstance(dir, 'fast')
    await deleteInstance(dir)
  }
  try {
    await runSetup(instance)
    const app = await startApp({ storageEvents: true, env: instance.env })
    const stop = async () => {
      await app.stop()
      await end()
    }
    return { instance, app, stop }
  } catch (error) {
    await end()
    throw error
  }
}
