import { spawn, type ChildProcess } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { ChildMessage, JobMessage, SentError, Usage, WorkerMessage } from './messages.ts'
import { CHILD_ENVIRONMENT, sandboxed, type Limits, type Sandbox } from './sandbox.ts'

/** Why a child was ended, or ended by itself, in the middle of a job. */
export type Death = 'cpu' | 'wall' | 'memory' | 'crash'

/** The job did not end by itself. Whether that is the image's fault shows when it is tried again in a child of its own. */
export class ChildDiedError extends Error {
  override readonly name = 'ChildDiedError'
  readonly death: Death

  constructor(death: Death, message: string) {
    super(message)
    this.death = death
  }
}

/** A child could not be started, or was ended for a reason that has nothing to do with its image: worth any number of retries. */
export class ChildUnavailableError extends Error {
  override readonly name = 'ChildUnavailableError'
}

export interface JobLimits {
  cpuSeconds: number
  wallSeconds: number
}

export type JobEnd = ({ ok: true; result: unknown } | { ok: false; error: SentError }) & Usage

export interface ImageChild {
  /**
   * Does one job; the child does one at a time.
   * @throws ChildDiedError, ChildUnavailableError, or the reason of the signal, after which the child is gone
   */
  work(message: JobMessage, limits: JobLimits, hooks: JobHooks): Promise<JobEnd>
  isAlive(): boolean
  /** Ends it at once and waits until it is gone. */
  end(): Promise<void>
}

export interface JobHooks {
  signal?: AbortSignal | undefined
  /** Resolves when decoding may take so much memory. */
  onWants: (bytes: number) => Promise<unknown>
  onPart?: ((part: unknown) => void) | undefined
}

const READY_WITHIN_MS = 20_000
/** How often a child's processor time is looked at, which it may exceed its limit by. */
const WATCH_MS = 500
/** Linux counts processor time in hundredths of a second for everyone (`getconf CLK_TCK`). */
const TICKS_PER_SECOND = 100
/** Sent by terminals and supervisors, never by what an image does. */
const FOREIGN_SIGNALS: ReadonlySet<NodeJS.Signals> = new Set(['SIGTERM', 'SIGINT', 'SIGHUP'])
const STDERR_CHARACTERS = 2_000
/** A third of what a session that does not yield gets: on a machine that is busy with other things, a tenth would be too little. */
const SESSION_NICENESS = 5
/** Linux takes the priority of a session from all users but root together ten times a second. */
const SESSION_TRIES = 5
const SESSION_PAUSE_MS = 120

const script = join(import.meta.dirname, `processor-child${extname(import.meta.filename)}`)

/** @throws ChildUnavailableError if it does not come up */
export async function startChild(
  sandbox: Sandbox,
  where: { slot: number; folder: string; limits: Limits },
): Promise<ImageChild> {
  const { file, args } = sandboxed(sandbox, script, where)
  const child = spawn(file, args, {
    env: { ...CHILD_ENVIRONMENT, PATH: process.env.PATH },
    cwd: '/',
    // Of a session of its own, so that Ctrl-C at the worker's terminal does not reach it.
    detached: true,
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  const gone = Promise.withResolvers<string>()
  let ended: { signal: NodeJS.Signals | null } | undefined
  let complaints = ''
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    complaints = (complaints + text).slice(-STDERR_CHARACTERS)
  })
  const onEnd = (signal: NodeJS.Signals | null, how: string) => {
    ended ??= { signal }
    gone.resolve(how)
  }
  child.on('error', (error) => onEnd(null, error.message))
  child.on('exit', (code, signal) => onEnd(signal, signal ?? `exit code ${code}`))

  const ready = Promise.withResolvers<void>()
  let listener: (message: ChildMessage) => void = () => ready.resolve()
  child.on('message', (message) => listener(message as ChildMessage))

  function post(message: WorkerMessage): void {
    child.send(message, (error) => error && kill(child))
  }

  async function end(): Promise<void> {
    kill(child)
    await gone.promise
  }

  const outcome = await Promise.race([
    ready.promise.then(() => 'ready' as const),
    gone.promise.then((how) => `ended: ${how}`),
    delay(READY_WITHIN_MS, 'did not start in time', { ref: false }),
  ])
  if (outcome !== 'ready') {
    await end()
    throw new ChildUnavailableError(`A child process ${outcome}. ${complaints.trim()}`)
  }
  void yieldAsSession(child)

  return {
    isAlive: () => !ended,
    end,
    async work(message, limits, { signal, onWants, onPart }) {
      signal?.throwIfAborted()
      const job = Promise.withResolvers<JobEnd>()
      listener = (received) => {
        if (received.type === 'part') onPart?.(received.part)
        else if (received.type === 'wants') admit(received.bytes)
        else if (received.type === 'result') job.resolve({ ok: true, ...received })
        else if (received.type === 'error') job.resolve({ ok: false, ...received })
      }
      const killed = (death: Death, text: string) => {
        job.reject(new ChildDiedError(death, text))
        kill(child)
      }
      const onAbort = () => {
        job.reject(signal!.reason as Error)
        kill(child)
      }
      signal?.addEventListener('abort', onAbort)
      let wall: NodeJS.Timeout | undefined
      const startWall = () => {
        wall = setTimeout(() => {
          killed('wall', `The job took more than ${limits.wallSeconds} s.`)
        }, limits.wallSeconds * 1_000)
      }
      /** Time spent waiting for others is not the image's. */
      const admit = (bytes: number) => {
        clearTimeout(wall)
        onWants(bytes).then(() => {
          if (isDone) return
          startWall()
          post({ type: 'admitted' })
        }, job.reject)
      }
      let isDone = false
      startWall()
      const stopWatching = watchProcessorTime(child, limits.cpuSeconds, () => {
        killed('cpu', `The job took more than ${limits.cpuSeconds} s of processor time.`)
      })
      void gone.promise.then((how) => {
        const isForeign = ended?.signal && FOREIGN_SIGNALS.has(ended.signal)
        const text = `A child process ended in the middle of a job: ${how}. ${complaints.trim()}`
        job.reject(isForeign ? new ChildUnavailableError(text) : new ChildDiedError('crash', text))
      })
      try {
        post({ type: 'job', ...message })
        return await job.promise
      } catch (error) {
        await end()
        throw error
      } finally {
        isDone = true
        clearTimeout(wall)
        stopWatching()
        signal?.removeEventListener('abort', onAbort)
      }
    },
  }
}

/** The whole group: what a wrapper has started goes with it. */
function kill(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    child.kill('SIGKILL')
  }
}

/**
 * Lowers the priority of a child's session, once it has started. Linux shares processors between sessions first (`sched_autogroup`, where
 * control groups do not): with a session of its own, however nice, a busy child would get as much as all processes of the API.
 */
async function yieldAsSession({ pid }: ChildProcess): Promise<void> {
  if (pid === undefined) return
  for (let tries = 1; tries <= SESSION_TRIES; tries++) {
    try {
      return await writeFile(`/proc/${pid}/autogroup`, String(SESSION_NICENESS))
    } catch (error) {
      // Other systems and kernels know nothing of it.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return
      await delay(SESSION_PAUSE_MS * tries, undefined, { ref: false })
    }
  }
}

/** Calls back once the process has used more than so many seconds from now on. Without /proc, only the wall clock bounds it. */
function watchProcessorTime(child: ChildProcess, seconds: number, onExceeded: () => void): () => void {
  let before: number | undefined
  const look = async () => {
    const now = await processorSeconds(child.pid!).catch(() => undefined)
    if (now === undefined) return
    before ??= now
    if (now - before > seconds) onExceeded()
  }
  void look()
  const timer = setInterval(() => void look(), WATCH_MS)
  return () => clearInterval(timer)
}

/** Of the process that a chain of wrappers has ended in. */
async function processorSeconds(pid: number): Promise<number> {
  const children = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim()
  if (children) return processorSeconds(Number(children.split(' ')[0]))
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  // The name in parentheses may hold anything; the fields after it are numbers, user and system time the 12th and 13th.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}
