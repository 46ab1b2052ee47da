import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { Command } from 'commander'
import { ensureStack } from './install/install.ts'
import { attachInstance, deleteInstance, startInstance, stopInstance } from './instance.ts'
import { logFile, stopServer, tail } from './instance/control.ts'
import { givenSettings } from './instance/env.ts'
import { defaultInstance, instanceDir, layoutOf } from './instance/layout.ts'
import { readOwner, runningProcess } from './instance/state.ts'
import { serverNamed, servers } from './servers/index.ts'
import { serverNames, type ServerName } from './servers/server.ts'

const report = (line: string) => console.log(line)
const program = new Command('stack')
  .description('The embedded servers of Darkroom, without the app.')
  .showHelpAfterError()
const instanceOption = [
  '-i, --instance <name>',
  'which set of servers; each has its own data and ports (DARKROOM_INSTANCE)',
  defaultInstance(),
] as const

program
  .command('install')
  .description('install the npm packages and the servers, start nothing; repairs a damaged install')
  .action(async () => {
    const { root } = await ensureStack(report)
    report(`installed: ${root}`)
  })

program
  .command('up')
  .description('start the servers (all, or the named ones) in the background; they stay until "down"')
  .argument('[server...]', serverNames.join(', '))
  .option(...instanceOption)
  .action(async (names: string[], { instance }: { instance: string }) => {
    const only = names.map((name) => serverNamed(name).name)
    const dir = instanceDir(instance)
    const stack = await ensureStack(report)
    const started = await startInstance({
      dir,
      stack,
      lifetime: 'detached',
      kind: 'lasting',
      nodeEnv: 'development',
      given: givenSettings(),
      ...(only.length > 0 ? { only } : {}),
      report,
    })
    if (started.external.length > 0) report(`elsewhere, by your settings: ${started.external.join(', ')}`)
    report(`settings: ${started.layout.env}`)
  })

program
  .command('down')
  .description('stop the servers (all, or the named ones); the data stays')
  .argument('[server...]')
  .option(...instanceOption)
  .action(async (names: string[], { instance }: { instance: string }) => {
    const dir = instanceDir(instance)
    if (names.length === 0) {
      refuseIfOwned(dir)
      await stopInstance(dir)
    } else await Promise.all(names.map((name) => stopServer(serverNamed(name), layoutOf(dir))))
    report('stopped')
  })

program
  .command('status')
  .description('show servers, processes, ports and health; exits 1 unless all are healthy')
  .option(...instanceOption)
  .action(async ({ instance }: { instance: string }) => {
    const dir = instanceDir(instance)
    if (!existsSync(layoutOf(dir).settings)) {
      report(`the instance ${instance} was never started`)
      process.exitCode = 1
      return
    }
    const attached = attachInstance(dir)
    const rows = await Promise.all(serverNames.map((name) => describeServer(attached, name)))
    console.table(Object.fromEntries(rows.map(({ server, ...row }) => [server, row])))
    const owner = readOwner(attached.layout)
    if (owner) report(`started and stopped by process ${owner.pid}`)
    report(`settings: ${attached.layout.env}`)
    if (rows.some((row) => row.health !== 'ready' && row.health !== 'elsewhere')) process.exitCode = 1
  })

program
  .command('logs')
  .description('print the end of the logs and follow them')
  .argument('[server...]')
  .option(...instanceOption)
  .option('--no-follow', 'print and exit')
  .action((names: string[], { instance, follow }: { instance: string; follow: boolean }) => {
    const layout = layoutOf(instanceDir(instance))
    const files = (names.length > 0 ? names : [...serverNames])
      .map((name) => logFile(layout, name))
      .filter(existsSync)
    if (!follow || files.length === 0) return files.forEach((file) => report(`==> ${file}\n${tail(file)}`))
    spawn('tail', ['-n', '20', '-F', ...files], { stdio: 'inherit' })
  })

program
  .command('reset')
  .description('stop the servers and delete their data, settings and secrets')
  .option(...instanceOption)
  .action(async ({ instance }: { instance: string }) => {
    const dir = instanceDir(instance)
    refuseIfOwned(dir)
    await deleteInstance(dir)
    report(`deleted ${dir}`)
  })

/** Only the owner of a running app may stop the servers under it, after the app. */
function refuseIfOwned(dir: string): void {
  const { name } = layoutOf(dir)
  const owner = readOwner(layoutOf(dir))
  if (!owner) return
  throw new Error(
    `the instance ${name} is in use by process ${owner.pid}; stop that with Ctrl-C (or kill ${owner.pid}), and its servers end with it`,
  )
}

async function describeServer(attached: ReturnType<typeof attachInstance>, name: ServerName) {
  const server = servers[name]
  const running = runningProcess(attached.layout, name)
  const ports = server.ports.map((port) => attached.ports[port]).join(' ')
  if (attached.external.includes(name)) return { server: name, pid: '', ports: '', health: 'elsewhere' }
  const health = running ? await attached.checkServer(name) : 'stopped'
  return { server: name, pid: running?.pid ?? '', ports, health }
}

try {
  await program.parseAsync()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
