import { Counter } from 'prom-client'
import type { Logger } from './logger.ts'

const OUTCOMES = ['requested', 'ready', 'expired', 'deleted', 'begun_again'] as const
type ExportOutcome = (typeof OUTCOMES)[number]

const exported = new Counter({
  name: 'darkroom_exports_total',
  help: 'Exports of accounts by what became of them; begun_again: the storage had lost parts of the archive',
  labelNames: ['outcome'] as const,
})
const exportedBytes = new Counter({
  name: 'darkroom_export_bytes_total',
  help: 'Bytes written into archives of exports',
})
for (const outcome of OUTCOMES) exported.inc({ outcome }, 0)

export function exportChanged(outcome: Exclude<ExportOutcome, 'begun_again'>): void {
  exported.inc({ outcome })
}

export function exportBegunAgain(logger: Logger, exportId: string, why: string): void {
  exported.inc({ outcome: 'begun_again' })
  logger.warn({ exportId, why }, 'export begun again')
}

export function exportPartWritten(bytes: number): void {
  exportedBytes.inc(bytes)
}
