import type { JobName } from './jobs.ts'

/** From the worker to a child: a job, and the answer to its `wants`. */
export type WorkerMessage = ({ type: 'job' } & JobMessage) | { type: 'admitted' }

export interface JobMessage {
  job: JobName
  file: string
  options: unknown
}

/** An error as it crosses the pipe, which keeps only the message of an error's own class. */
export interface SentError {
  name: string
  message: string
  /** Of an InvalidImageError. */
  invalid?: { code: string; detail: string }
  /** Memory ran out, which says more about the image than about the machine. */
  outOfMemory: boolean
}

/**
 * From a child to the worker, in this order: `ready` once; of each job `wants` with the memory that decoding is going to take, any
 * number of `part`, then `result` or `error`.
 */
export type ChildMessage =
  | { type: 'ready' }
  | { type: 'wants'; bytes: number }
  | { type: 'part'; part: unknown }
  | ({ type: 'result'; result: unknown } & Usage)
  | ({ type: 'error'; error: SentError } & Usage)

/** What a child has used so far. */
export interface Usage {
  peakBytes: number
  cpuSeconds: number
}
