import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { checkoutDir } from './instance/layout.ts'

/** How long the runner may take to end by itself after it was asked to. */
const graceMs = 10_000

/**
 * Runs vitest in a process group of its own and ends all of that group with it.
 * @returns its exit code; 124 when it took longer than `limitMs`
 */
export function runVitest(
  args: string[],
  env: Record<string, string>,
  signal: AbortSignal,
  limitMs: number,
): Promise<number> {
  const vitest = join(checkoutDir, 'node_modules', 'vitest', 'vitest.mjs')
  const inherited = { ...process.env }
  // Settings of the caller's shell must not mix with the instance's.
  delete inherited.NODE_OPTIONS
  // Every test file, worker process and command loads the same packages; once compiled, they load in half the time.
  inherited.NODE_COMPILE_CACHE ??= join(checkoutDir, 'node_modules', '.cache', 'node-compile')
  const child = spawn('setpriv', ['--pdeathsig=KILL', '--', process.execPath, vitest, 'run', ...args], {
    cwd: checkoutDir,
    env: { ...inherited, ...env },
    stdio: ['ignore', 'inherit', 'inherit'],
    detached: true,
  })
  let timedOut = false
  let forced: NodeJS.Timeout | undefined
  const end = () => {
    killGroup(child.pid, 'SIGINT')
    forced ??= setTimeout(() => killGroup(child.pid, 'SIGKILL'), graceMs)
  }
  const limit = setTimeout(() => {
    timedOut = true
    console.error(`stack: the tests did not end within ${limitMs / 60_000} minutes`)
    end()
  }, limitMs)
  signal.addEventListener('abort', end)

  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => {
      clearTimeout(limit)
      clearTimeout(forced)
      signal.removeEventListener('abort', end)
      killGroup(child.pid, 'SIGKILL')
      resolve(timedOut ? 124 : signal.aborted ? 130 : (code ?? 1))
    })
  })
}

function killGroup(leader: number | undefined, signal: NodeJS.Signals): void {
  if (leader === undefined) return
  try {
    process.kill(-leader, signal)
  } catch {
    // all of it has ended
  }
}
