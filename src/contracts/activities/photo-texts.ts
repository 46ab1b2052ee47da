import type { TextTally } from '../text-reader.ts'

/** The step of textReader. */
export interface PhotoTextActivities {
  /** Reads photos that are owed, for some seconds. Resolves with what came of them, and whether more may be left. */
  readTexts: () => Promise<TextTally & { more: boolean }>
}
