import { Counter, Gauge, Histogram } from 'prom-client'
import type { Logger } from './logger.ts'

const bySandbox = new Gauge({
  name: 'darkroom_image_sandbox',
  help: 'The sandbox that the children of this process decode in: 1 for it, absent for others',
  labelNames: ['sandbox'] as const,
})

const deaths = new Counter({
  name: 'darkroom_image_children_killed_total',
  help: 'Children that were ended in the middle of a job, or ended by themselves, by reason',
  labelNames: ['reason'] as const,
})
// A series that started with its first death would show no increase, so start it at 0.
const reasons = ['cpu', 'wall', 'memory', 'crash'] as const
for (const reason of reasons) deaths.inc({ reason }, 0)

const jobs = new Counter({
  name: 'darkroom_image_jobs_total',
  help: 'Jobs that a child has ended, by job and whether it failed',
  labelNames: ['job', 'outcome'] as const,
})

const peakBytes = new Histogram({
  name: 'darkroom_image_child_peak_bytes',
  help: 'The most memory that a child had in use by the end of a job',
  buckets: [100e6, 200e6, 400e6, 800e6, 1.6e9, 3.2e9],
})

const waitSeconds = new Histogram({
  name: 'darkroom_image_memory_wait_seconds',
  help: 'How long a job has waited until enough memory was free for decoding',
  buckets: [0.01, 0.1, 0.5, 1, 5, 15, 60],
})

const memoryTaken = new Gauge({
  name: 'darkroom_image_memory_taken_bytes',
  help: 'Memory that images under way are expected to take, as of the last admission',
})

/** A job may begin to decode. */
export function imageAdmitted(seconds: number, takenBytes: number): void {
  waitSeconds.observe(seconds)
  memoryTaken.set(takenBytes)
}

/** The sandbox was found at boot; `failures` tells of stricter ones that do not work here. */
export function imageSandboxChosen(logger: Logger, sandbox: string, failures: readonly string[]): void {
  bySandbox.set({ sandbox }, 1)
  logger.info({ sandbox, failures }, 'images are decoded in a sandbox')
}

/** A child has ended a job, be it with an error. */
export function imageJobDone(job: string, end: { ok: boolean; peakBytes: number }): void {
  jobs.inc({ job, outcome: end.ok ? 'done' : 'failed' })
  peakBytes.observe(end.peakBytes)
}

/** A child did not end a job; `tries` counts those of this image. */
export function imageChildDied(
  logger: Logger,
  job: string,
  error: Error & { death: (typeof reasons)[number] },
  tries: number,
): void {
  deaths.inc({ reason: error.death })
  logger.warn({ job, reason: error.death, tries, err: error }, 'an image ended its child process')
}
