/**
 * Reads the text in photos whose accounts ask for it, one at a time and in the order of their turns, until none is owed. There is
 * one reader; a poll starts it when there are photos (services/photo-texts/wake-reader.ts).
 */
export const TEXT_READER = 'textReader'
export const TEXT_READER_ID = 'text-reader'

/** Photos, of a slice or of all of them so far. */
export interface TextTally {
  read: number
  unreadable: number
}

export const NOTHING_READ: TextTally = { read: 0, unreadable: 0 }
