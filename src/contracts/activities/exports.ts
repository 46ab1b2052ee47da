import type { PhotoId } from '../../domain/ids.ts'

interface OfExport {
  exportId: string
}

/** What the row asks for. `gone`: its time is over, its owner has deleted it, or there is no such row. */
export type ExportPlan =
  { state: 'preparing'; isWritten: boolean } | { state: 'ready'; msLeft: number } | { state: 'gone' }

/** Cold originals that were asked for, of a stretch of the photos. */
export interface AskedOriginals {
  /** The last photo that was looked at; null at the end. */
  after: PhotoId | null
  /** How many cannot be read yet. */
  waiting: number
  /** ISO 8601: when they are expected; null if none is waited for. */
  expectedAt: string | null
}

/** `cold`: an original cannot be read yet. `stale`: look at the row again. */
export interface WrittenParts {
  outcome: 'more' | 'written' | 'cold' | 'stale'
  /** Of the archive as a whole. */
  parts: number
  photos: number
}

/** The steps of accountExport on the queue `exports`. Each may run twice, or at once. */
export interface ExportActivities {
  planExport: (input: OfExport) => Promise<ExportPlan>
  askForOriginals: (input: OfExport & { after: PhotoId | null }) => Promise<AskedOriginals>
  /** Writes parts for some seconds. */
  writeExport: (input: OfExport) => Promise<WrittenParts>
  /** Makes the object of its parts and tells the owner. Does nothing if it is not all there. */
  finishExport: (input: OfExport) => Promise<void>
  /** Deletes whatever is stored of it. */
  emptyExport: (input: OfExport) => Promise<void>
}
