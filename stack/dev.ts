import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { startApp } from './app.ts'
import { appProcesses, type AppProcess } from './app-process.ts'
import { ensureStack } from './install/install.ts'
import { startInstance } from './instance.ts'
import { logFile } from './instance/control.ts'
import { givenSettings } from './instance/env.ts'
import { checkoutDir, defaultInstance, instanceDir, layoutOf } from './instance/layout.ts'
import { readOwner, runningProcess } from './instance/state.ts'
import { listenForInterrupt } from './interrupt.ts'
import { urlsOf } from './serve.ts'

const name = defaultInstance()
const dir = instanceDir(name)
const report = (line: string) => console.log(line)
const interrupt = listenForInterrupt(() => process.exit(130))

try {
  const owner = readOwner(layoutOf(dir)) ?? runningProcess(layoutOf(dir), 'api')
  if (owner) {
    throw new Error(
      `the instance ${name} is in use by process ${owner.pid}; stop that first, or set DARKROOM_INSTANCE`,
    )
  }
  const instance = await startInstance({
    dir,
    stack: await ensureStack(report),
    lifetime: 'detached',
    kind: 'lasting',
    nodeEnv: 'development',
    given: givenSettings(),
    report,
    signal: interrupt.signal,
  })
  const processes = appProcesses.map(watched)
  const logs = processes.map((process) => logFile(instance.layout, process.name))
  const app = await startApp(instance, { processes, report, signal: interrupt.signal })
  const { api, docs, temporal, edge } = urlsOf(instance.env)
  report(`\nAPI           ${api}/v1\nAPI docs      ${docs}\nTemporal UI   ${temporal}\nImages (edge) ${edge}`)
  report(
    'API and workers restart when their files change; after adding a migration or schedule: npm run darkroom -- setup',
  )
  report(`Ctrl-C stops them and leaves the servers up (stop those with npm run stack -- down).\n`)
  const follower = spawn('setpriv', ['--pdeathsig=TERM', '--', 'tail', '-q', '-n', '0', '-F', ...logs], {
    stdio: ['ignore', 'inherit', 'ignore'],
  })
  await interrupt.requested
  follower.kill()
  report('\nstopping API and workers; the servers stay up')
  await app.stop()
  process.exit(0)
} catch (error) {
  if (interrupt.signal.aborted) process.exit(await interrupt.requested)
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
}

/**
 * Runs the process under Node's watch mode: it restarts when a file that it imports changes. The orchestration worker
 * imports no workflow (it bundles them), so it watches all of src; its threads must not report their imports, because
 * Temporal's SDK takes each of their messages for its own.
 */
function watched(app: AppProcess): AppProcess {
  const flags =
    app.name === 'orchestration'
      ? [
          `--watch-path=${join(checkoutDir, 'src')}`,
          '--import=data:text/javascript,delete process.env.WATCH_REPORT_DEPENDENCIES',
        ]
      : ['--watch']
  return { ...app, nodeFlags: [...app.nodeFlags, ...flags, '--watch-preserve-output'] }
}
