import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, mkdirSync } from 'node:fs'
import { join } from 'node:path'

const PROGRAM = join(import.meta.dirname, 'mortal-worker.ts')
/** A dead worker's step is taken up ten seconds after its last heartbeat; the rest is a busy machine. */
const DEATH_WITHIN_MS = 120_000

/** Orchestration workers of real processes, one after the other, each of which may die by -9 after a step of its own. */
export interface MortalWorkers {
  /** One that lives. */
  start(): void
  /** Ends the present one, by -9. */
  kill(): Promise<void>
  /** One worker after the other, each of which dies once it has done the next of these steps; fails if one survives it. */
  dieAfterEach(steps: readonly string[]): Promise<void>
}

/** @param env settings of the servers that they work on, beside those of the file */
export function mortalWorkers(env: Record<string, string>): MortalWorkers {
  const logs = join(process.env.DARKROOM_INSTANCE_DIR!, 'logs')
  mkdirSync(logs, { recursive: true })
  let current: ChildProcess | undefined

  function spawnWorker(more: Record<string, string> = {}): ChildProcess {
    const child = spawn(process.execPath, [PROGRAM], {
      env: { ...process.env, LOG_LEVEL: 'info', ...env, ...more },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const log = createWriteStream(join(logs, 'mortal-worker.log'), { flags: 'a' })
    child.stdout.pipe(log, { end: false })
    child.stderr.pipe(log, { end: false })
    current = child
    return child
  }

  async function kill(): Promise<void> {
    if (!current || current.exitCode !== null || current.signalCode !== null) return
    const exited = once(current, 'exit')
    current.kill('SIGKILL')
    await exited
  }

  return {
    start: () => void spawnWorker(),
    kill,
    async dieAfterEach(steps) {
      await kill()
      for (const step of steps) {
        const child = spawnWorker({ DIES_AFTER: step })
        const [code, signal] = (await once(child, 'exit', {
          signal: AbortSignal.timeout(DEATH_WITHIN_MS),
        }).catch((error: unknown) => {
          throw new Error(`no worker died after ${step}`, { cause: error })
        })) as [number | null, NodeJS.Signals | null]
        if (signal !== 'SIGKILL') throw new Error(`a worker ended by itself: ${code ?? signal}`)
      }
    },
  }
}
