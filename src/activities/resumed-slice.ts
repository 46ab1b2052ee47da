import { Context } from '@temporalio/activity'
import { whileHeartbeating } from './heartbeat.ts'

interface SliceOf<Tally> {
  tally: Tally
}

/**
 * A stretch of a walk over many things, whose retry continues after the last one that the previous attempt reached: that is in its
 * heartbeats, with the tally of all attempts.
 * @param add what two tallies come to
 * @param work gets what was reached before, and reports what it reaches
 */
export async function resumedSlice<Slice extends SliceOf<unknown>>(
  add: (first: Slice['tally'], second: Slice['tally']) => Slice['tally'],
  work: (
    before: Slice | undefined,
    running: { signal: AbortSignal; onReached: (slice: Slice) => void },
  ) => Promise<Slice>,
): Promise<Slice> {
  const context = Context.current()
  const before = context.info.heartbeatDetails as Slice | undefined
  const since = (slice: Slice): Slice =>
    before ? { ...slice, tally: add(before.tally, slice.tally) } : slice
  let reached = before
  const onReached = (slice: Slice) => {
    reached = since(slice)
    context.heartbeat(reached)
  }
  return whileHeartbeating(
    async (signal) => since(await work(before, { signal, onReached })),
    () => reached,
  )
}
