import { clearInterval, setInterval } from 'node:timers'
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { delimiter, join } from 'node:path'
import { pinnedNode } from './packages.mjs'

/** npm and the terminal both deliver a Ctrl-C: a second one within this time is the same one. */
const sameInterruptMs = 1_000
const parentPollMs = 1_000

/** Runs a TypeScript entry under the pinned Node, passes signals on, and ends with its exit code. */
export function handOver(checkout, entry, args) {
  const bin = join(checkout, 'node_modules', '.bin')
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ''}` }
  // By path: the shell that runs this may have the machine's own node cached. The signal stops it if this dies by kill -9.
  const command = ['--pdeathsig=TERM', '--', pinnedNode(checkout), join(checkout, entry), ...args]
  const child = spawn('setpriv', command, { cwd: checkout, stdio: 'inherit', env })

  let interruptedAt = 0
  process.on('SIGINT', () => {
    const now = Date.now()
    if (now - interruptedAt < sameInterruptMs) return
    interruptedAt = now
    child.kill('SIGINT')
  })
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  const watch = stopWhenNpmDies(() => child.kill('SIGTERM'))

  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      clearInterval(watch)
      process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0)
      resolve()
    })
  })
}

/** An npm killed with -9 passes nothing on; when started by hand, a parent may go away without meaning anything. */
function stopWhenNpmDies(stop) {
  const parent = process.ppid
  if (!process.env.npm_lifecycle_event) return undefined
  const watch = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(watch)
    stop()
  }, parentPollMs)
  return watch.unref()
}
