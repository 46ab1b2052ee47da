import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import getPort from 'get-port'
import { Redis } from 'ioredis'
import { run } from '../stack/install/run.ts'

/** The peer's answer to `publish`. */
export interface PeerPush {
  ms: number
  sampled: number
  found: number
}

export interface Peer {
  /** Children included. */
  pid: number
  publish(): Promise<PeerPush>
  stop(): Promise<void>
}

const PACKAGE = 'stream-framework==1.4.0'
/** redis-py 3 changed ZADD's arguments after Stream-Framework 1.4.0 was written. */
const REQUIREMENTS = ['redis<3', 'celery', 'six']
const PROCESSES = 2

/**
 * Installs Stream-Framework into its own folder, unless it is there. Its source no longer parses, because `async`
 * became a keyword in Python 3.7, so that one name is changed.
 *
 * @throws if there is no Python, or no network
 */
export async function installStreamFramework(folder: string): Promise<void> {
  const ready = join(folder, 'ready')
  if (existsSync(ready)) return
  await mkdir(folder, { recursive: true })
  const env = { PATH: process.env.PATH ?? '', HOME: folder }
  const pip = join(folder, 'venv', 'bin', 'pip')
  await run('python3', ['-m', 'venv', join(folder, 'venv')], { cwd: folder, env })
  await run(pip, ['install', '--quiet', ...REQUIREMENTS], { cwd: folder, env })
  const download = ['download', '--quiet', '--no-deps', '--no-binary', ':all:', '-d', folder, PACKAGE]
  await run(pip, download, { cwd: folder, env })
  const archive = (await readdir(folder)).find((name) => name.endsWith('.tar.gz'))!
  await run('tar', ['-xzf', archive, '--strip-components=1'], { cwd: folder, env })
  const manager = join(folder, 'stream_framework', 'feed_managers', 'base.py')
  await writeFile(manager, (await readFile(manager, 'utf8')).replace(/\basync\b/g, 'is_async'))
  await writeFile(ready, PACKAGE)
}

/** Starts a separate Redis (not a cluster, which redis-py 2 does not support) and seeds full feeds in it. */
export async function startPeer(folder: string, valkeyServer: string, followers: number): Promise<Peer> {
  const port = await getPort({ host: '127.0.0.1' })
  const settings = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder]
  // With these settings, 200 of its members, decimal numbers of 31 digits, stay a listpack as ours do.
  const encoding = ['--zset-max-listpack-entries', '256', '--zset-max-listpack-value', '64']
  const server = spawn(valkeyServer, [...settings, ...encoding], { stdio: 'ignore' })
  await untilAnswering(port)
  const python = spawn(
    join(folder, 'venv', 'bin', 'python'),
    [
      '-W',
      'ignore',
      join(import.meta.dirname, 'stream_framework_peer.py'),
      ...[port, followers, PROCESSES].map(String),
    ],
    { env: { ...process.env, PYTHONPATH: folder }, stdio: ['pipe', 'pipe', 'inherit'] },
  )
  const lines = createInterface({ input: python.stdout })[Symbol.asyncIterator]()
  const ask = async (command: string): Promise<unknown> => {
    python.stdin.write(`${command}\n`)
    const { value, done } = (await lines.next()) as { value: string; done?: boolean }
    if (done) throw new Error('Stream-Framework has ended')
    return JSON.parse(value)
  }
  await ask('seed')
  return {
    pid: python.pid!,
    publish: async () => (await ask('publish')) as PeerPush,
    stop: async () => {
      python.stdin.end()
      python.kill()
      server.kill()
      await sleep(100)
    },
  }
}

async function untilAnswering(port: number): Promise<void> {
  const client = new Redis({ host: '127.0.0.1', port, maxRetriesPerRequest: 50 })
  client.on('error', () => undefined)
  try {
    await client.ping()
  } finally {
    client.disconnect()
  }
}
