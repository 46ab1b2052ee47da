import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { readJson, writePrivateJson } from './files.ts'
import type { Layout } from './layout.ts'
import { identify, isAlive, type ProcessId } from './process.ts'

/** Who started the servers and stops them; absent when they were detached by `stack up`. */
export function readOwner(layout: Layout): ProcessId | undefined {
  const owner = readJson<ProcessId>(join(layout.run, 'owner.json'))
  return owner && isAlive(owner) ? owner : undefined
}

export function writeOwner(layout: Layout, owned: boolean): void {
  const file = join(layout.run, 'owner.json')
  if (owned) writePrivateJson(file, identify(process.pid))
  else rmSync(file, { force: true })
}

/** Records a started server. One file each, so that servers can be started in parallel and by several processes. */
export function writeProcess(layout: Layout, name: string, started: ProcessId): void {
  mkdirSync(layout.run, { recursive: true })
  writePrivateJson(join(layout.run, `${name}.pid.json`), started)
}

export function forgetProcess(layout: Layout, name: string): void {
  rmSync(join(layout.run, `${name}.pid.json`), { force: true })
}

/** The recorded process of a server, running or not. */
export function recordedProcess(layout: Layout, name: string): ProcessId | undefined {
  return readJson<ProcessId>(join(layout.run, `${name}.pid.json`))
}

/** The recorded process of a server if it runs. A dead process does not count, even if its id is in use again. */
export function runningProcess(layout: Layout, name: string): ProcessId | undefined {
  const recorded = recordedProcess(layout, name)
  return recorded && isAlive(recorded) ? recorded : undefined
}

/** Names of all recorded processes, the app's among them. */
export function recordedNames(layout: Layout): string[] {
  try {
    return readdirSync(layout.run)
      .filter((file) => file.endsWith('.pid.json'))
      .map((file) => file.slice(0, -'.pid.json'.length))
  } catch {
    return []
  }
}
