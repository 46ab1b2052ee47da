import { Counter, Gauge } from 'prom-client'

/** `restored`: copies of cold originals that may be read for a while. */
type OriginalTier = 'hot' | 'cold' | 'restored'
export type OriginalCounts = Record<OriginalTier, { originals: number; bytes: number }>

const originals = new Gauge({
  name: 'darkroom_originals',
  help: 'Originals by where they are stored; a restored one is a copy of a cold one',
  labelNames: ['tier'] as const,
})
const originalBytes = new Gauge({
  name: 'darkroom_original_bytes',
  help: 'Their bytes',
  labelNames: ['tier'] as const,
})
const restoring = new Gauge({
  name: 'darkroom_originals_restoring',
  help: 'Photos whose owners wait for their originals to come back from the cold storage',
})
const sinceLastRun = new Gauge({
  name: 'darkroom_cold_storage_last_run_seconds',
  help: 'Time since coldStorage last came to its end, or since there is a cold storage if it never has',
})

/** What became of an original that coldStorage looked at, unless it stays hot for a younger photo. */
const OUTCOMES = ['moved', 'joined', 'failed'] as const
type CoolingOutcome = (typeof OUTCOMES)[number]

const cooled = new Counter({
  name: 'darkroom_cold_storage_originals_total',
  help: 'Old originals by what became of them: moved, joined to the same bytes, or failed; a failed one is tried every day',
  labelNames: ['outcome'] as const,
})
const cooledBytes = new Counter({
  name: 'darkroom_cold_storage_bytes_total',
  help: 'Bytes that left the hot storage',
})
for (const outcome of OUTCOMES) cooled.inc({ outcome }, 0)

export function originalsCounted(counts: OriginalCounts): void {
  for (const [tier, { originals: count, bytes }] of Object.entries(counts)) {
    originals.set({ tier }, count)
    originalBytes.set({ tier }, bytes)
  }
}

export function reportColdStorage(lastRunSeconds: number, waitingForRestore: number): void {
  sinceLastRun.set(lastRunSeconds)
  restoring.set(waitingForRestore)
}

/** A process that no longer knows reports nothing, as its last value would stay forever. */
export function forgetColdStorage(): void {
  sinceLastRun.remove()
  restoring.remove()
}

/** @param bytes that left the hot storage */
export function originalCooled(outcome: CoolingOutcome, bytes = 0): void {
  cooled.inc({ outcome })
  cooledBytes.inc(bytes)
}
