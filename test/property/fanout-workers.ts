import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { build } from 'rolldown'
import type { FanoutPosition } from '../../src/contracts/photo-fanout.ts'
import {
  WorkerDiedError,
  withRetries,
  type Activity,
  type Heartbeats,
  type RunActivity,
} from './fanout-work.ts'

/** Between the writes of a page; elsewhere a worker dies by the clock. */
export const DEADLY_POINTS = ['rows written', 'heads written', 'committed'] as const
export type DeadlyPoint = (typeof DEADLY_POINTS)[number]

/** When a worker dies, and what becomes of its work. */
export interface Kill {
  /** After so many heartbeats … */
  pages: number
  /** … so many ms later, or at the next such point. */
  then: number | DeadlyPoint
  /** The work is tried again by another worker at once, or when the story comes back to it. */
  again: WorkerDiedError['again']
  /** The throttle held the heartbeats back: the slice is done again from its beginning. */
  heartbeatsLost: boolean
}

export type ToWorker =
  | { run: Activity; id: number; input: unknown; heartbeatDetails: FanoutPosition | undefined }
  | { dieAt: DeadlyPoint | null }
export type FromWorker =
  | { ready: true }
  | { id: number; heartbeat: FanoutPosition }
  | { id: number; result: unknown }
  | { id: number; error: string }

/** The fanout's worker, a process of its own that may be killed at any moment; another is ready to take over. */
export interface FanoutWorkers {
  run: RunActivity
  /** Has the present worker killed while `work` goes on, unless that ends before. */
  killDuring(kill: Kill | undefined, work: () => Promise<void>): Promise<void>
  /** Those that had work when they were killed. */
  killed(): number
  close(): Promise<void>
}

const PROGRAM = join(import.meta.dirname, 'fanout-process.ts')
/** Always the same path, by which Node finds again what it has compiled of it. */
const BUNDLE = join(import.meta.dirname, '../../node_modules/.cache/darkroom/fanout-process.mjs')

/** The program and all that it imports in one file: it is started again after each kill, and so takes 0.2 s of a core, not 0.7. */
async function bundleProgram(): Promise<string> {
  const { output } = await build({
    input: PROGRAM,
    platform: 'node',
    output: { codeSplitting: false },
    write: false,
    logLevel: 'silent',
  })
  await mkdir(dirname(BUNDLE), { recursive: true })
  const unfinished = `${BUNDLE}.${process.pid}`
  await writeFile(unfinished, output[0].code)
  await rename(unfinished, BUNDLE)
  return BUNDLE
}

/** @param servers settings that name the servers it works on */
export async function openFanoutWorkers(
  headItems: number,
  servers: Record<string, string>,
): Promise<FanoutWorkers> {
  let killed = 0
  const program = await bundleProgram()
  const start = () => startWorker(program, headItems, servers, onDeath)
  let current = start()
  let spare = start()

  function onDeath(wasBusy: boolean): void {
    if (wasBusy) killed++
    current = spare
    spare = start()
  }

  return {
    run: (name, input, heartbeats) =>
      withRetries(async () => (await (await current).run(name, input, heartbeats)) as never),
    async killDuring(kill, work) {
      const spared = kill && (await current).doom(kill)
      await work().finally(spared)
    },
    killed: () => killed,
    async close() {
      for (const worker of await Promise.all([current, spare])) await worker.end()
    },
  }
}

interface Call {
  resolve: (result: unknown) => void
  reject: (error: Error) => void
  heartbeats: Heartbeats | undefined
}

async function startWorker(
  program: string,
  headItems: number,
  servers: Record<string, string>,
  onDeath: (wasBusy: boolean) => void,
) {
  const child = fork(program, [String(headItems)], {
    execArgv: [],
    env: { ...process.env, ...servers },
  })
  const calls = new Map<number, Call>()
  const ready = Promise.withResolvers<void>()
  let lastId = 0
  let doom: Kill | undefined
  let pagesLeft = -1
  let timer: NodeJS.Timeout | undefined
  let isOver = false

  function tell(message: ToWorker): void {
    if (child.connected) child.send(message, () => undefined)
  }

  function onBatch(): void {
    if (!doom || pagesLeft-- !== 0) return
    if (typeof doom.then === 'string') tell({ dieAt: doom.then })
    else timer = setTimeout(() => child.kill('SIGKILL'), doom.then)
  }

  child.on('message', (message: FromWorker) => {
    if ('ready' in message) return ready.resolve()
    const call = calls.get(message.id)!
    if ('heartbeat' in message) {
      if (call.heartbeats) call.heartbeats.last = message.heartbeat
      return onBatch()
    }
    calls.delete(message.id)
    if ('error' in message) call.reject(new Error(message.error))
    else call.resolve(message.result)
  })
  // The channel ends after all that was sent over it.
  const gone = Promise.all([once(child, 'exit'), once(child, 'disconnect')]).then(([[code, signal]]) => {
    clearTimeout(timer)
    if (isOver) return
    isOver = true
    const wasKilled = signal === 'SIGKILL' && doom !== undefined
    if (wasKilled) onDeath(calls.size > 0)
    const died = wasKilled
      ? new WorkerDiedError(doom!.again)
      : new Error(`the fanout process ended: ${signal ?? code}`)
    for (const { reject, heartbeats } of calls.values()) {
      if (doom?.heartbeatsLost && heartbeats) heartbeats.last = undefined
      reject(died)
    }
    ready.reject(died)
  })
  await ready.promise

  return {
    run(name: Activity, input: unknown, heartbeats: Heartbeats | undefined): Promise<unknown> {
      return new Promise((resolve, reject) => {
        if (isOver) return reject(new WorkerDiedError('at once'))
        const id = ++lastId
        calls.set(id, { resolve, reject, heartbeats })
        tell({ run: name, id, input, heartbeatDetails: heartbeats?.last })
      })
    },
    /** @returns spares it, unless it is too late */
    doom(kill: Kill): () => void {
      doom = kill
      pagesLeft = kill.pages
      onBatch()
      return () => {
        pagesLeft = -1
        clearTimeout(timer)
        tell({ dieAt: null })
      }
    },
    async end(): Promise<void> {
      isOver = true
      if (child.connected) child.disconnect()
      await gone
    },
  }
}
