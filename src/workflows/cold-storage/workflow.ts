import {
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow'
import {
  addCooled,
  COLD_STORAGE_PROGRESS,
  NOTHING_COOLED,
  PAUSE_COLD_STORAGE,
  RESUME_COLD_STORAGE,
  type ColdStorageCheckpoint,
  type ColdStorageProgress,
  type ColdStorageSlice,
} from '../../contracts/cold-storage.ts'
import { steps } from './steps.ts'

const pauseColdStorage = defineSignal(PAUSE_COLD_STORAGE)
const resumeColdStorage = defineSignal(RESUME_COLD_STORAGE)
const coldStorageProgress = defineQuery<ColdStorageProgress>(COLD_STORAGE_PROGRESS)

/** Moves old originals into the cold storage, slice by slice (contracts/cold-storage.ts). */
export async function coldStorage(resume?: ColdStorageCheckpoint): Promise<ColdStorageProgress> {
  let checkpoint = resume
  let isPaused = resume?.isPaused ?? false
  let isDone = false

  const progress = (): ColdStorageProgress => ({
    state: isDone ? 'done' : isPaused ? 'paused' : 'running',
    tally: checkpoint?.tally ?? NOTHING_COOLED,
  })
  const show = () => setCurrentDetails(describe(progress()))
  const pause = (wanted: boolean) => {
    isPaused = wanted
    show()
  }
  setHandler(pauseColdStorage, () => pause(true), { description: 'Hold after the slice under way' })
  setHandler(resumeColdStorage, () => pause(false), { description: 'Go on' })
  setHandler(coldStorageProgress, progress, { description: 'What was moved, and what it saves' })

  if (!checkpoint) {
    const before = await steps.limit()
    if (before === null) return progress()
    const ended = await steps.endRestores()
    checkpoint = { before, tally: { ...NOTHING_COOLED, ended }, isPaused }
  }
  while (!isDone) {
    await condition(() => !isPaused)
    const slice = await coolSlice(checkpoint)
    checkpoint = { ...checkpoint, after: slice.after, tally: addCooled(checkpoint.tally, slice.tally) }
    isDone = slice.isAtEnd
    show()
    if (!isDone && workflowInfo().continueAsNewSuggested)
      await continueAsNew<typeof coldStorage>({ ...checkpoint, isPaused })
  }
  return progress()
}

const coolSlice = ({ before, after, tally }: ColdStorageCheckpoint): Promise<ColdStorageSlice> =>
  steps.cool({ before, after }, `Originals from ${tally.seen + 1} on`)

function describe({ state, tally }: ColdStorageProgress): string {
  const { seen, moved, movedBytes, joined, joinedBytes, held, failed, failures, ended, savedPerMonth } = tally
  return [
    `${state}: ${seen} old originals seen; saves ${savedPerMonth.toFixed(2)} a month`,
    '',
    '| what | originals | bytes |',
    '|---|---|---|',
    `| moved | ${moved} | ${movedBytes} |`,
    `| the same bytes were cold | ${joined} | ${joinedBytes} |`,
    `| kept for a younger photo | ${held} | |`,
    `| failed | ${failed} | |`,
    `| restored, and their time is over | ${ended} | |`,
    ...failures.map(({ blobId, reason }) => `| ${blobId} | ${reason} | |`),
  ].join('\n')
}
