import {
  allHandlersFinished,
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  defineUpdate,
  getExternalWorkflowHandle,
  isCancellation,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow'
import {
  CASE_CHANGED,
  CASE_PROGRESS,
  SETTLE_CASE,
  type CaseProgress,
  type ModerationCaseInput,
} from '../../contracts/moderation-case.ts'
import { DECIDE_MODERATION, photoModerationWorkflowId } from '../../contracts/photo-moderation.ts'
import type { PhotoId } from '../../domain/ids.ts'
import type { Verdict } from '../../domain/screening.ts'
import { steps } from './steps.ts'

const caseChanged = defineSignal(CASE_CHANGED)
const caseProgress = defineQuery<CaseProgress>(CASE_PROGRESS)
const settleCase = defineUpdate<CaseProgress>(SETTLE_CASE)

/**
 * Sees one case through (contracts/moderation-case.ts). It knows nothing by itself: after each signal and each timer it reads the
 * case again, which does whatever is due.
 */
export async function moderationCase(input: ModerationCaseInput): Promise<CaseProgress> {
  const { caseId } = input
  let progress: CaseProgress = { state: 'open', unproven: 0 }
  let isNews = true
  let isProving = false
  const reviews = { begun: 0, done: 0 }
  setHandler(caseChanged, () => void (isNews = true), {
    description: 'The case was opened, reported again, claimed, decided or appealed',
  })
  setHandler(caseProgress, () => progress, { description: 'Where the case stands' })
  setHandler(
    settleCase,
    async () => {
      const next = reviews.begun + 1
      isNews = true
      await condition(() => reviews.done >= next && progress.unproven === 0)
      return progress
    },
    { description: 'Look at the case now; answers when all is done that its decisions owe' },
  )

  for (;;) {
    isNews = false
    reviews.begun++
    progress = await steps.review({ caseId })
    reviews.done = reviews.begun
    setCurrentDetails(describe(progress))
    if (progress.verdict && input.photoId) await pass(input.photoId, progress.verdict)
    if (progress.unproven > 0 && !isProving) prove()
    const isOver = (progress.state === 'closed' || progress.state === 'gone') && progress.unproven === 0
    if (isOver) {
      await condition(allHandlersFinished)
      if (!isNews) return progress
    }
    if (workflowInfo().continueAsNewSuggested && !isProving) {
      await condition(allHandlersFinished)
      await continueAsNew<typeof moderationCase>(input)
    }
    await untilNews()
  }

  /** Beside the rest, as an edge that is away holds up no deadline. It is tried until it succeeds, or all is cancelled. */
  function prove(): void {
    isProving = true
    const ended = () => {
      isProving = false
      isNews = true
    }
    steps.prove({ caseId }).then(ended, ended)
  }

  async function untilNews(): Promise<void> {
    if (progress.nextAt === undefined) return condition(() => isNews)
    const leftMs = Date.parse(progress.nextAt) - Date.now()
    await condition(() => isNews, Math.max(MIN_WAIT_MS, leftMs), { summary: 'Until time changes the case' })
  }
}

/** Tells the photo's own workflow, which waits for a verdict, or has had one meanwhile. */
async function pass(photoId: PhotoId, verdict: Verdict): Promise<void> {
  try {
    await getExternalWorkflowHandle(photoModerationWorkflowId(photoId)).signal(DECIDE_MODERATION, verdict)
  } catch (error) {
    if (isCancellation(error)) throw error
  }
}

/** So that clocks that differ make no busy loop. */
const MIN_WAIT_MS = 1_000

function describe({ state, nextAt, unproven }: CaseProgress): string {
  const next = nextAt ? `, until ${nextAt} unless something happens` : ''
  const withdrawals = unproven > 0 ? `; ${unproven} withdrawals are not yet proven at every edge` : ''
  return `${state}${next}${withdrawals}`
}
