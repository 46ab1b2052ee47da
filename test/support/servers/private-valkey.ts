import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import getPort from 'get-port'
import { Redis } from 'ioredis'

/** A Valkey or Redis server of a test's own, which it may kill. */
export interface PrivateValkey {
  port: number
  /** A connection for what a test does to the server. */
  admin: Redis
  /** Resolves when the process has gone. */
  kill(): Promise<void>
  /** Has the process stand still, with its connections open. */
  freeze(): void
  thaw(): void
  /** Starts again on the same port and data. */
  restart(): Promise<void>
  close(): Promise<void>
}

export const valkeyServerPath = process.env.VALKEY_SERVER_PATH

/** @param settings as on the command line: `['--cluster-enabled', 'yes']` */
export async function startValkey(settings: string[] = []): Promise<PrivateValkey> {
  const folder = mkdtempSync(join(tmpdir(), 'darkroom-valkey-'))
  const port = await getPort()
  let child: ChildProcess | undefined

  async function start(): Promise<void> {
    const fixed = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '']
    // A replica is sent its copy at once.
    fixed.push('--repl-diskless-sync-delay', '0')
    child = spawn(valkeyServerPath!, [...fixed, ...settings], { stdio: 'ignore' })
    const failed = once(child, 'exit').then(() => {
      throw new Error('valkey-server ended')
    })
    failed.catch(() => undefined)
    await Promise.race([answering(), failed])
  }
  async function answering(): Promise<void> {
    for (const deadline = Date.now() + 10_000; Date.now() < deadline;) {
      try {
        if ((await admin.ping()) === 'PONG') return
      } catch {
        // Not yet; the client connects again by itself.
      }
    }
    throw new Error('valkey-server does not answer')
  }
  async function kill(): Promise<void> {
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }

  const admin = new Redis(port, { retryStrategy: () => 20, maxRetriesPerRequest: 50 })
  admin.on('error', () => undefined)
  await start()
  return {
    port,
    admin,
    kill,
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    restart: start,
    async close() {
      admin.disconnect()
      await kill()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
