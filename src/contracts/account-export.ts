import type { UserId } from '../domain/ids.ts'

/**
 * The life of an export, as operators see it: asks for originals in the cold storage, writes the archive part by part, waits
 * until its time is over, and deletes it. How far it has come is in rows; the workflow only says what is next.
 */
export const ACCOUNT_EXPORT = 'accountExport'
export const accountExportWorkflowId = (exportId: string): string => `export/${exportId}`

export interface AccountExportInput {
  exportId: string
  ownerId: UserId
}

/** Signal: the export was asked for or deleted. */
export const EXPORT_CHANGED = 'exportChanged'
/** Query: how far it has come. */
export const EXPORT_PROGRESS = 'exportProgress'

export interface ExportProgress {
  state: 'preparing' | 'waiting for originals' | 'writing' | 'ready' | 'gone'
  parts: number
  photos: number
}
