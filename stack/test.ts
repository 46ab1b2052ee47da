import { cpSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ensureStack } from './install/install.ts'
import { attachInstance, deleteInstance, startInstance, stopInstance } from './instance.ts'
import { checkoutDir, layoutOf } from './instance/layout.ts'
import { processesMentioning } from './instance/process.ts'
import { readOwner } from './instance/state.ts'
import { listenForInterrupt, type Interrupt } from './interrupt.ts'
import { programSettings } from './instance/env.ts'
import { needsOf } from './test-projects.ts'
import { runVitest } from './vitest-run.ts'

/** A whole run takes a few minutes; a run that takes this long hangs. */
const maxMinutes = Number(process.env.DARKROOM_TEST_MINUTES) || 30
/** Workers of the test runner and killed servers need a moment to disappear. */
const survivorGraceMs = 5_000
const folderPrefix = 'darkroom-test-'
const abandonedMs = 120_000
const lastLogs = join(checkoutDir, '.darkroom', 'last-test-logs')

const report = (line: string) => console.log(`stack: ${line}`)
const args = process.argv.slice(2)
const reused = process.env.DARKROOM_TEST_INSTANCE
const interrupt = listenForInterrupt(() => report('already stopping'))

process.exit(await test())

async function test(): Promise<number> {
  const needs = await needsOf(args)
  if (needs === 'nothing') return testWith({})
  if (reused) return testWith(attachInstance(reused).env)
  if (needs === 'programs') return testWith(programSettings(await ensureStack(report)))
  return testOnThrowAway(interrupt)
}

async function testOnThrowAway(interrupt: Interrupt): Promise<number> {
  const stack = await ensureStack(report)
  await removeAbandoned()
  const dir = mkdtempSync(join(tmpdir(), folderPrefix))
  let code = 1
  try {
    const instance = await startInstance({
      dir,
      stack,
      lifetime: 'owned',
      kind: 'throw-away',
      nodeEnv: 'test',
      given: externalSettings(),
      report,
      signal: interrupt.signal,
    })
    code = await testWith(instance.env)
  } catch (error) {
    if (interrupt.signal.aborted) code = await interrupt.requested
    else console.error(error instanceof Error ? error.message : error)
  } finally {
    const survivors = await tearDown(dir, code !== 0)
    if (survivors > 0) code = code || 1
  }
  return code
}

async function testWith(env: Record<string, string>): Promise<number> {
  try {
    if (!interrupt.signal.aborted) return await runVitest(args, env, interrupt.signal, maxMinutes * 60_000)
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    return 1
  }
  return await interrupt.requested
}

/** Stops everything of the instance and deletes it. @returns how many processes had outlived their tests */
async function tearDown(dir: string, keepLogs: boolean): Promise<number> {
  await stopInstance(dir, 'fast')
  const survivors = await findSurvivors(dir)
  for (const pid of survivors) {
    report(`a process was left behind: ${pid}`)
    process.kill(pid, 'SIGKILL')
  }
  if (keepLogs) {
    rmSync(lastLogs, { recursive: true, force: true })
    cpSync(join(dir, 'logs'), lastLogs, { recursive: true, force: true })
    report(`logs of the servers: ${lastLogs}`)
  }
  await deleteInstance(dir)
  return survivors.length
}

/** Everything that a test starts inherits the instance's folder in its environment. */
async function findSurvivors(dir: string): Promise<number[]> {
  const deadline = Date.now() + survivorGraceMs
  for (;;) {
    const found = processesMentioning(dir)
    if (found.length === 0 || Date.now() > deadline) return found
    await sleep(100)
  }
}

/** Folders of runs that were killed before they could clean up; their servers died with them. */
async function removeAbandoned(): Promise<void> {
  for (const name of readdirSync(tmpdir()).filter((name) => name.startsWith(folderPrefix))) {
    const dir = join(tmpdir(), name)
    const { uid, mtimeMs } = statSync(dir, { throwIfNoEntry: false }) ?? {}
    // A run that is just starting has not written its owner yet.
    const isYoung = Date.now() - (mtimeMs ?? Date.now()) < abandonedMs
    if (uid !== process.getuid?.() || isYoung || readOwner(layoutOf(dir))) continue
    report(`removing ${dir}, left by a run that was killed`)
    await deleteInstance(dir)
  }
}

/** Tests follow the environment and never `.env`, which may name servers whose data matters. */
function externalSettings(): Record<string, string> {
  if (process.env.DARKROOM_INSTANCE_DIR) return {}
  const entries = Object.entries(process.env).filter((entry): entry is [string, string] => Boolean(entry[1]))
  return Object.fromEntries(entries.filter(([name]) => name !== 'PORT'))
}
