import { condition, defineQuery, defineSignal, setHandler, workflowInfo } from '@temporalio/workflow'
import { MINUTE_MS, photosOfSlice, untilDue } from './pace.ts'

/** A run through the library, as far as every one of them is steered alike. */
interface LibraryRun {
  get: () => unknown
  checkpoint: () => Steered
  change: (changes: Partial<Steered>) => void
}

interface Steered {
  isPaused: boolean
  photosPerMinute: number
}

/** Has signals and a query steer a run. */
export function steer(
  run: LibraryRun,
  names: { pause: string; resume: string; setRate: string; progress: string },
): void {
  setHandler(defineSignal(names.pause), () => run.change({ isPaused: true }), {
    description: 'Hold after the slice under way',
  })
  setHandler(defineSignal(names.resume), () => run.change({ isPaused: false }), { description: 'Go on' })
  setHandler(
    defineSignal<[number]>(names.setRate),
    (photosPerMinute) => {
      if (photosPerMinute > 0) run.change({ photosPerMinute })
    },
    { description: 'Photos a minute from now on' },
  )
  setHandler(defineQuery(names.progress), run.get, { description: 'How far the run has come' })
}

/** Resolves once the run is not paused, which may be at once. */
export const whilePaused = (run: LibraryRun): Promise<void> => condition(() => !run.checkpoint().isPaused)

interface Walk {
  /** Takes the next photos. `done` are those that the rate limits. */
  slice: (maxPhotos: number) => Promise<{ isAtEnd: boolean; done: number }>
  /** Begins a new run with the checkpoint, once the history has grown long. */
  continueAnew: () => Promise<never>
}

/** Goes on slice by slice to the end of the library, at the run's rate, and not while it is paused. */
export async function walkLibrary(run: LibraryRun, { slice, continueAnew }: Walk): Promise<void> {
  for (;;) {
    await whilePaused(run)
    const beganAtMs = Date.now()
    const { isAtEnd, done } = await slice(photosOfSlice(run.checkpoint().photosPerMinute))
    if (isAtEnd) return
    await untilDue(
      () => ({ rate: run.checkpoint().photosPerMinute, perMs: MINUTE_MS, beganAtMs, done }),
      'Until the rate allows the next photo',
    )
    if (workflowInfo().continueAsNewSuggested) await continueAnew()
  }
}
