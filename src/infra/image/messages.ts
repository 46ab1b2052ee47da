import type { JobName } from './jobs.ts'

/** From the worker to a child. */
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

/** From a child to the worker, in this order: `ready` once; of each job any number of `part`, then `result` or `error`. */
export type ChildMessage =
  | { type: 'ready' }
  | { type: 'part'; part: unknown }
  | ({ type: 'result'; result: unknown } & Usage)
  | ({ type: 'error'; error: SentError } & Usage)

/** What a child has used so far. */
export interface Usage {
  peakBytes: number
  cpuSeconds: number
}
