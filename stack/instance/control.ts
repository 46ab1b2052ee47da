import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Server, ServerContext } from '../servers/server.ts'
import { readJson } from './files.ts'
import type { Layout } from './layout.ts'
import type { Ports } from './ports.ts'
import { isAlive, startProcess, stopProcess, type ProcessId } from './process.ts'
import { ownByServers } from './unprivileged.ts'
import { forgetProcess, readOwner, recordedProcess, runningProcess, writeProcess } from './state.ts'

const pollMs = { first: 30, most: 300 }
const logTailBytes = 4_000

/** Whether a started server outlives this process: `detached` (`stack up`), or dies with it. */
export type Lifetime = 'owned' | 'detached'

export function logFile(layout: Layout, name: string): string {
  return join(layout.logs, `${name}.log`)
}

/**
 * Starts a server unless it runs, and waits until it is ready. Aborting `signal` stops it again.
 * @throws with the last lines of its log when it ends or stays unready
 */
export async function startServer(
  server: Server,
  context: ServerContext,
  lifetime: Lifetime,
  signal?: AbortSignal,
): Promise<void> {
  const { layout } = context
  for (let attempt = 1; ; attempt++) {
    let running = runningProcess(layout, server.name)
    mkdirSync(layout.logs, { recursive: true })
    mkdirSync(layout.data, { recursive: true, mode: 0o700 })
    try {
      if (!running) {
        await stopLeftovers(server, layout)
        server.cleanUp?.(context)
        ownByServers(layout.data)
        await server.prepare(context)
        ownByServers(layout.data)
        ownByServers(layout.logs)
        signal?.throwIfAborted()
        const orphanSignal = lifetime === 'owned' ? server.orphanSignal : undefined
        running = await startProcess(server.command(context), logFile(layout, server.name), orphanSignal)
        writeProcess(layout, server.name, running)
        if (lifetime === 'detached') bindToOwner(layout, running)
      }
      await untilReady(server, context, running, signal)
      await server.settle?.(context)
      return
    } catch (error) {
      // A process that ended by itself has said why in its log; a first attempt gets one chance to repair the data.
      await stopServer(server, layout, 'SIGKILL')
      signal?.throwIfAborted()
      if (attempt > 1 || !(await server.mend?.(context))) throw describe(server, layout, error)
    }
  }
}

/** Stops a server and everything it started. `signal` replaces the usual one; SIGKILL simulates a crash. */
export async function stopServer(server: Server, layout: Layout, signal?: NodeJS.Signals): Promise<void> {
  const recorded = recordedProcess(layout, server.name)
  if (!recorded) return
  await stopProcess(recorded, signal ?? server.stopSignal, server.stopGraceMs)
  forgetProcess(layout, server.name)
  const kept = readJson<{ ports: Ports }>(layout.settings)
  if (kept) server.cleanUp?.(kept)
}

/** Children of a server that was killed without us may still hold its port or data. */
async function stopLeftovers(server: Server, layout: Layout): Promise<void> {
  const recorded = recordedProcess(layout, server.name)
  if (!recorded) return
  await stopProcess(recorded, 'SIGKILL', 1_000)
  forgetProcess(layout, server.name)
}

/** A server that was restarted by someone else (a test) still ends with the instance's owner. */
function bindToOwner(layout: Layout, server: ProcessId): void {
  const owner = readOwner(layout)
  if (!owner) return
  // A zombie still has its folder in /proc, and its state is the field behind the name.
  const script = `alive() { read -r line < /proc/$1/stat && case "$line" in *") Z "*) return 1;; esac; }
while alive ${owner.pid} && alive ${server.pid}; do sleep 1; done
alive ${owner.pid} || kill -s KILL -- -${server.pid}`
  spawn('sh', ['-c', script], {
    stdio: 'ignore',
    detached: true,
    env: { PATH: process.env.PATH ?? '' },
  }).unref()
}

async function untilReady(
  server: Server,
  context: ServerContext,
  running: ProcessId,
  signal?: AbortSignal,
): Promise<void> {
  const deadline = Date.now() + server.readyTimeoutMs
  for (let pause = pollMs.first; ; pause = Math.min(pause * 1.5, pollMs.most)) {
    signal?.throwIfAborted()
    if (!isAlive(running)) throw new Error('it ended')
    try {
      return await server.probe(context)
    } catch (error) {
      if (Date.now() > deadline) {
        const reason =
          error instanceof Error ? error.message || String((error as { code?: string }).code) : String(error)
        throw new Error(`it was not ready after ${server.readyTimeoutMs / 1000} s: ${reason}`, {
          cause: error,
        })
      }
    }
    await sleep(pause)
  }
}

function describe(server: Server, layout: Layout, error: unknown): Error {
  const reason = error instanceof Error ? error.message : String(error)
  const file = logFile(layout, server.name)
  return new Error(`${server.name} did not start: ${reason}\n--- the end of ${file}\n${tail(file)}`, {
    cause: error,
  })
}

/** The last lines of a log. */
export function tail(file: string, bytes = logTailBytes): string {
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0
  if (size === 0) return '(empty)'
  const handle = openSync(file, 'r')
  try {
    const buffer = Buffer.alloc(Math.min(size, bytes))
    readSync(handle, buffer, 0, buffer.length, size - buffer.length)
    const text = buffer.toString('utf8')
    return size > bytes ? text.slice(text.indexOf('\n') + 1) : text
  } finally {
    closeSync(handle)
  }
}
