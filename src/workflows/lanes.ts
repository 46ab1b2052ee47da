import { CancellationScope, condition, isCancellation, workflowInfo } from '@temporalio/workflow'

/** A piece of work of a reconciler that is done over again whenever it is woken, and that holds up no other lane. */
export interface Lane {
  /** Asks for the work to be done once more, after a run of it that is under way. */
  wake(): void
  /** Nothing is under way and nothing is asked for. */
  isIdle(): boolean
}

interface LaneOptions {
  /** Does the work again after this time, as long as `isDue`: what was confirmed does not last. */
  renew?: { afterMs: number; isDue: () => boolean }
}

/** The lanes of a run. @param onDone is called whenever one has done its work */
export function openLanes(onDone: () => void) {
  const lanes: Lane[] = []
  let failure: Error | undefined

  return {
    /** Opens a lane, which begins when it is first woken and ends with its scope. */
    open(work: () => Promise<void>, { renew }: LaneOptions = {}): Lane {
      let wanted = 0
      let done = 0
      const isWanted = () => wanted > done

      async function run(): Promise<void> {
        for (;;) {
          await condition(() => isWanted() || renew?.isDue() === true)
          if (!isWanted() && renew) {
            const isNews = await condition(() => isWanted() || !renew.isDue(), renew.afterMs)
            if (isNews) continue
            wanted++
          }
          const taken = wanted
          await work()
          done = taken
          onDone()
        }
      }

      void run().catch((error: unknown) => {
        if (!isCancellation(error)) failure ??= error as Error
        // Others that wait for it must not wait for ever.
        done = Infinity
      })
      const lane: Lane = {
        wake() {
          wanted++
        },
        isIdle: () => !isWanted(),
      }
      lanes.push(lane)
      return lane
    },

    /** Resolves when all of them stand still. @throws what failed for good in one of them */
    async standStill(): Promise<void> {
      await condition(() => lanes.every((lane) => lane.isIdle()))
      if (failure) throw failure
    },
  }
}

export type Lanes = ReturnType<typeof openLanes>

/**
 * Runs a reconciler to its end, or until its history is so long that another run should go on. What is under way is
 * cancelled then: each step may run twice, and the next run begins by reading the row.
 * @returns whether it came to its end
 */
export async function runToEnd(reconcile: () => Promise<void>): Promise<boolean> {
  const scope = new CancellationScope()
  let isOver = false
  const running = scope.run(reconcile).then(() => {
    isOver = true
  })
  await Promise.race([running, condition(() => workflowInfo().continueAsNewSuggested)])
  if (isOver) return true
  scope.cancel()
  await running.catch((error: unknown) => {
    if (!isCancellation(error)) throw error
  })
  return isOver
}
