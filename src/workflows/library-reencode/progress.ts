import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow'
import {
  bytesSaved,
  NOTHING_REENCODED,
  type LibraryReencodeInput,
  type ReencodeCheckpoint,
  type ReencodeProgress,
  type ReencodeState,
} from '../../contracts/library-reencode.ts'
import { stageAttribute } from '../../contracts/search-attributes.ts'

/** Tracks where a re-encode stands and shows it in the query, the search attribute and the details in the Web UI. */
export function trackReencode({ canary, photosPerMinute, resume }: LibraryReencodeInput) {
  let checkpoint: ReencodeCheckpoint = resume ?? {
    phase: canary > 0 ? 'canary' : 'library',
    tally: NOTHING_REENCODED,
    isPaused: false,
    isApproved: false,
    photosPerMinute,
    photos: 0,
  }
  let end: 'done' | 'cancelled' | undefined
  let told: ReencodeState | undefined

  function get(): ReencodeProgress {
    const { phase, tally, canary: ofCanary, photos, photosPerMinute: rate, isPaused } = checkpoint
    return {
      state: end ?? (isPaused ? 'paused' : phase),
      phase,
      photos,
      photosPerMinute: rate,
      tally,
      canary: ofCanary,
      bytesSaved: bytesSaved(tally),
    }
  }
  function show(): void {
    const progress = get()
    if (told !== progress.state) {
      told = progress.state
      upsertSearchAttributes([{ key: stageAttribute, value: told }])
    }
    setCurrentDetails(describe(progress))
  }
  show()

  return {
    get,
    checkpoint: (): ReencodeCheckpoint => checkpoint,
    change(changes: Partial<ReencodeCheckpoint>): void {
      checkpoint = { ...checkpoint, ...changes }
      show()
    },
    finish(how: 'done' | 'cancelled'): ReencodeProgress {
      end = how
      show()
      return get()
    },
  }
}
export type ReencodeTracker = ReturnType<typeof trackReencode>

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
