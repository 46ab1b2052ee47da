import { Counter, Gauge } from 'prom-client'
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

const openExports = new Gauge({
  name: 'darkroom_exports_preparing',
  help: 'Exports of accounts that are being prepared',
})
const idleExport = new Gauge({
  name: 'darkroom_export_idle_seconds',
  help: 'How long ago the export that has waited longest was asked for or got its last part; 0 without one',
})

export interface OpenExports {
  preparing: number
  idleSeconds: number
}

export function reportExports({ preparing, idleSeconds }: OpenExports): void {
  openExports.set(preparing)
  idleExport.set(idleSeconds)
}
