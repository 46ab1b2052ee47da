import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import getPort from 'get-port'
import type { VariantSpec } from '../src/domain/variants.ts'

/** Thumbor with one process, which reads the files of a folder and keeps nothing of what it makes. */
export interface Thumbor {
  /** For the meter of processor time. */
  pid: number
  jpeg(name: string, box: VariantSpec['box']): Promise<Buffer>
  stop(): Promise<void>
}

const START_MS = 20_000

/** `thumbor 7.8.0`, or undefined where it is not installed (`pip install thumbor`). */
export function thumborVersion(): string | undefined {
  const { status, stdout } = spawnSync('thumbor', ['--version'], { encoding: 'utf8' })
  return status === 0 ? `thumbor ${stdout.trim().replace(/^Thumbor v?/i, '')}` : undefined
}

/** @throws Error if it does not answer within 20 s */
export async function startThumbor(folder: string): Promise<Thumbor> {
  const port = await getPort({ host: '127.0.0.1' })
  const config = join(folder, 'thumbor.conf')
  await writeFile(
    config,
    [
      `LOADER = 'thumbor.loaders.file_loader'`,
      `FILE_LOADER_ROOT_PATH = '${folder}'`,
      `STORAGE = 'thumbor.storages.no_storage'`,
      'QUALITY = 80',
      'RESPECT_ORIENTATION = True',
      'ALLOW_UNSAFE_URL = True',
    ].join('\n'),
  )
  const child = spawn('thumbor', ['--ip', '127.0.0.1', '--port', String(port), '--conf', config], {
    stdio: 'ignore',
  })
  const url = `http://127.0.0.1:${port}`
  const deadline = performance.now() + START_MS
  while (!(await fetch(`${url}/healthcheck`).catch(() => undefined))?.ok) {
    if (performance.now() > deadline || child.exitCode !== null) throw new Error('thumbor does not start')
    await sleep(100)
  }
  return {
    pid: child.pid!,
    async jpeg(name, { width, height }) {
      const answer = await fetch(`${url}/unsafe/fit-in/${width}x${height}/filters:format(jpeg)/${name}`)
      if (!answer.ok) throw new Error(`thumbor answered ${answer.status}`)
      return Buffer.from(await answer.arrayBuffer())
    },
    async stop() {
      child.kill()
      if (child.exitCode === null) await once(child, 'exit')
    },
  }
}
