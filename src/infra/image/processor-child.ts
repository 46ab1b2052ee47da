/**
 * Entry of the child processes that decode (processor.ts starts them, one job at a time each). It holds no setting and no client:
 * all it has is the pipe to the worker and the folder with the file of its job.
 */
import { InvalidImageError } from '../../domain/invalid-image.ts'
import { messageOf } from '../../observability/error-text.ts'
import { IMAGE_JOBS } from './jobs.ts'
import { estimateMemory } from './memory-estimate.ts'
import type { ChildMessage, JobMessage, SentError, Usage, WorkerMessage } from './messages.ts'
import { isOutOfMemory } from './out-of-memory.ts'

const BYTES_PER_KIB = 1_024
const MICROSECONDS_PER_SECOND = 1e6

// The worker decides when a child ends: what a terminal or a supervisor sends to all processes must not look like an image's fault.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined)
// The pipe closes with the worker, however that ended.
process.on('disconnect', () => process.exit())
process.on('message', (message) => receive(message as WorkerMessage))
let admit: () => void = () => undefined
send({ type: 'ready' })

function receive(message: WorkerMessage): void {
  if (message.type === 'admitted') admit()
  else void work(message)
}

async function work({ job, file, options }: JobMessage): Promise<void> {
  const handOver = (part: unknown) => send({ type: 'part', part })
  const run = IMAGE_JOBS[job] as (file: string, options: unknown, handOver: unknown) => Promise<unknown>
  try {
    const bytes = await estimateMemory(file, job)
    if (bytes > 0) await admitted(bytes)
    send({ type: 'result', result: await run(file, options, handOver), ...used() })
  } catch (error) {
    send({ type: 'error', error: sendable(error), ...used() })
  }
}

/** Waits until the worker has so much memory to spare. */
function admitted(bytes: number): Promise<void> {
  return new Promise((resolve) => {
    admit = resolve
    send({ type: 'wants', bytes })
  })
}

function send(message: ChildMessage): void {
  process.send!(message)
}

function used(): Usage {
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage()
  return {
    peakBytes: maxRSS * BYTES_PER_KIB,
    cpuSeconds: (userCPUTime + systemCPUTime) / MICROSECONDS_PER_SECOND,
  }
}

function sendable(error: unknown): SentError {
  return {
    name: error instanceof Error ? error.name : 'Error',
    message: messageOf(error),
    ...(error instanceof InvalidImageError && { invalid: { code: error.code, detail: error.detail } }),
    outOfMemory: isOutOfMemory(error),
  }
}
