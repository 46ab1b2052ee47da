import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { layoutOf, type Layout } from './layout.ts'
import {
  identify,
  isAlive,
  processesMentioning,
  sessionMembers,
  startProcess,
  stopProcess,
} from './process.ts'
import { recordedNames, runningProcess, writeProcess } from './state.ts'

let layout: Layout

beforeEach(() => {
  layout = layoutOf(mkdtempSync(join(tmpdir(), 'darkroom-process-')))
})

afterEach(async () => {
  for (const name of recordedNames(layout)) {
    const running = runningProcess(layout, name)
    if (running) await stopProcess(running, 'SIGKILL', 1_000)
  }
  rmSync(layout.dir, { recursive: true, force: true })
})

describe('a recorded process', () => {
  it('is running while it runs, and not after it was stopped', async () => {
    const sleeper = await start('sleep 600')
    expect(runningProcess(layout, 'sleeper')).toEqual(sleeper)
    await stopProcess(sleeper, 'SIGTERM', 2_000)
    expect(runningProcess(layout, 'sleeper')).toBeUndefined()
  })

  it('counts as gone when another process has its id by now', () => {
    const self = identify(process.pid)
    if (!self) throw new Error('this process must be found')
    writeProcess(layout, 'sleeper', { ...self, startTicks: self.startTicks - 1 })
    expect(runningProcess(layout, 'sleeper')).toBeUndefined()
    expect(recordedNames(layout)).toEqual(['sleeper'])
  })

  it('is not stopped when another process has its id by now', async () => {
    const sleeper = await start('sleep 600')
    await stopProcess({ pid: sleeper.pid + 1_000_000, startTicks: sleeper.startTicks }, 'SIGKILL', 100)
    expect(isAlive(sleeper)).toBe(true)
  })
})

describe('stopping', () => {
  it('kills what ignores the request', async () => {
    const stubborn = await start('trap "" TERM; echo ready; while :; do sleep 1; done')
    await vi.waitFor(() => expect(readFileSync(join(layout.logs, 'sleeper.log'), 'utf8')).toContain('ready'))
    await stopProcess(stubborn, 'SIGTERM', 200)
    expect(isAlive(stubborn)).toBe(false)
  })

  it('takes the children along, even when the parent is already gone', async () => {
    const parent = await start('sleep 600 & sleep 600 & wait')
    await vi.waitFor(() => expect(sessionMembers(parent.pid)).toHaveLength(3))
    process.kill(parent.pid, 'SIGKILL')
    await vi.waitFor(() => expect(isAlive(parent)).toBe(false))
    await stopProcess(parent, 'SIGTERM', 200)
    expect(sessionMembers(parent.pid)).toEqual([])
  })
})

it('finds processes by what their environment names', async () => {
  const sleeper = await start('exec sleep 600', { DARKROOM_INSTANCE_DIR: layout.dir })
  await vi.waitFor(() => expect(processesMentioning(layout.dir)).toEqual([sleeper.pid]))
})

async function start(script: string, env: Record<string, string> = {}) {
  const started = await startProcess(
    { account: 'nobody', file: 'sh', args: ['-c', script], env },
    join(layout.logs, 'sleeper.log'),
    undefined,
  )
  writeProcess(layout, 'sleeper', started)
  return started
}
