import { defineQuery, defineSignal, setCurrentDetails, setHandler, sleep, uuid4 } from '@temporalio/workflow'
import {
  RESTORE_PROGRESS,
  RESTORE_REQUESTED,
  type OriginalRestoreInput,
  type RestoreProgress,
} from '../../contracts/original-restore.ts'
import { steps } from './steps.ts'

const restoreRequested = defineSignal(RESTORE_REQUESTED)
const restoreProgress = defineQuery<RestoreProgress>(RESTORE_PROGRESS)

/** Between two questions to a storage that is late. */
const ASK_AGAIN_MS = 15 * 60 * 1000

/** Brings an original back (contracts/original-restore.ts). A wish that arrives while it works is looked at before it ends. */
export async function originalRestore(input: OriginalRestoreInput): Promise<RestoreProgress> {
  let progress: RestoreProgress = { state: 'waiting' }
  let restored: RestoreProgress | undefined
  let isWished = true
  const change = (next: RestoreProgress) => {
    progress = next
    setCurrentDetails(next.expectedAt ? `${next.state}, expected at ${next.expectedAt}` : next.state)
  }
  setHandler(restoreRequested, () => void (isWished = true), {
    description: 'The owner asks for the original',
  })
  setHandler(restoreProgress, () => progress, { description: 'How far the restore has come' })

  while (isWished) {
    isWished = false
    change({ state: 'waiting' })
    const restoreId = uuid4()
    for (;;) {
      const readiness = await steps.prepare(input)
      if (readiness.state === 'gone') {
        change(restored ?? { state: 'gone' })
        break
      }
      if (readiness.state === 'readable') {
        change({ state: 'copying' })
        const state = await steps.finish({ ...input, restoreId })
        if (state === 'restored') restored = { state }
        change({ state })
        break
      }
      const { expectedAt } = readiness
      change({ state: 'waiting', expectedAt })
      const leftMs = Date.parse(expectedAt) - Date.now()
      await sleep(leftMs > 0 ? leftMs : ASK_AGAIN_MS, {
        summary: 'Until the cold storage is expected to be ready',
      })
    }
  }
  return progress
}
