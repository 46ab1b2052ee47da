import {
  bytesSaved,
  NOTHING_REENCODED,
  type LibraryReencodeInput,
  type ReencodeCheckpoint,
  type ReencodeProgress,
} from '../../contracts/library-reencode.ts'
import { trackRun, type RunTracker } from '../run-tracker.ts'

type End = Extract<ReencodeProgress['state'], 'done' | 'cancelled'>
export type ReencodeTracker = RunTracker<ReencodeCheckpoint, ReencodeProgress, End>

/** Tracks where a re-encode stands. */
export function trackReencode({ canary, photosPerMinute, resume }: LibraryReencodeInput): ReencodeTracker {
  const begin: ReencodeCheckpoint = resume ?? {
    phase: canary > 0 ? 'canary' : 'library',
    tally: NOTHING_REENCODED,
    isPaused: false,
    isApproved: false,
    photosPerMinute,
    photos: 0,
  }
  return trackRun(begin, progressOf, describe)
}

function progressOf(checkpoint: ReencodeCheckpoint, end: End | undefined): ReencodeProgress {
  const { phase, tally, canary, photos, photosPerMinute, isPaused } = checkpoint
  return {
    state: end ?? (isPaused ? 'paused' : phase),
    phase,
    photos,
    photosPerMinute,
    tally,
    canary,
    bytesSaved: bytesSaved(tally),
  }
}

function describe({ state, photos, tally, photosPerMinute, bytesSaved: saved }: ReencodeProgress): string {
  const rows = Object.entries(tally.variants).map(
    ([name, { added, addedBytes, replaced, bytesBefore, bytesAfter }]) =>
      `| ${name} | ${added} | ${addedBytes} | ${replaced} | ${bytesBefore} | ${bytesAfter} |`,
  )
  const table =
    rows.length > 0
      ? [
          '',
          '| variant | added | bytes | replaced | bytes before | after |',
          '|---|---|---|---|---|---|',
          ...rows,
        ]
      : []
  return [
    `**${state}**: ${tally.seen} of ${photos} photos seen, ${tally.rendered} rendered (at most ${photosPerMinute} a minute), ` +
      `${tally.failed} failed, ${tally.postponed} postponed, ${tally.hashed} got a hash, ${saved} bytes saved`,
    ...table,
  ].join('\n')
}
