import { MS_PER_DAY } from './generations.ts'

/** Of each author, so that no account fills the window alone, however fast it uploads. */
const MAX_PER_AUTHOR = 100
/** What is ranked; each costs a few probes. */
const MAX_PHOTOS = 100_000
/** Entries of the index that are read, more than one account uploads in two days. */
const MAX_ENTRIES = 1_000_000

/**
 * Whether a photo was published in the window. Beside {@link recentPhotos} it says nothing new, but without it Postgres joins their rows by
 * reading the whole table.
 */
export const isRecent = (photo: string, now: string, days: number): string =>
  `${photo}.score > ${now} - ${days * MS_PER_DAY} AND ${photo}.score <= ${now}`

/**
 * The newest public photos (photo_id, owner_id, score) of some days before `now`, a few of each author; whether they are shown to all is still to be judged. Plan: the
 * window of photos_public_idx, as index-only scan, sorted by author.
 * @param now a typed parameter, in ms since 1970
 */
export function recentPhotos(now: string, days: number): string {
  return `
    SELECT photo_id, owner_id, score
    FROM (
      SELECT photo_id, owner_id, score, row_number() OVER (PARTITION BY owner_id ORDER BY score DESC, photo_id DESC) AS nth
      FROM (
        SELECT photo_id, owner_id, score FROM photos w
        WHERE status = 'ready' AND visibility = 'public' AND ${isRecent('w', now, days)}
        ORDER BY score DESC, photo_id DESC LIMIT ${MAX_ENTRIES}) entries) numbered
    WHERE nth <= ${MAX_PER_AUTHOR} ORDER BY score DESC, photo_id DESC LIMIT ${MAX_PHOTOS}`
}
