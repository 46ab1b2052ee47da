import {
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  setCurrentDetails,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow'
import {
  ACCOUNT_ERASURE_PROGRESS,
  ERASURE_CHANGED,
  type AccountErasureInput,
  type AccountErasureProgress,
} from '../../contracts/account-erasure.ts'
import { steps } from './steps.ts'

const erasureChanged = defineSignal(ERASURE_CHANGED)
const accountErasureProgress = defineQuery<AccountErasureProgress>(ACCOUNT_ERASURE_PROGRESS)

/** Between two looks at what others have under way; twice as long each time. */
const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 60_000

/** The erasure of an account (contracts/account-erasure.ts). A run that goes on reads the row again and finds done what is done. */
export async function accountErasure(
  input: AccountErasureInput,
  before?: AccountErasureProgress,
): Promise<AccountErasureProgress> {
  let isNews = false
  let progress: AccountErasureProgress = before ?? { state: 'waiting', rounds: 0 }
  setHandler(erasureChanged, () => void (isNews = true), {
    description: 'It was asked for, or the account has come back',
  })
  setHandler(accountErasureProgress, () => progress, { description: 'Where the erasure is' })

  const begun = await untilBegun()
  if (begun === undefined) return show({ state: 'cancelled', rounds: progress.rounds })
  const { userId } = input
  const { erasureId } = begun
  for (let pause = FIRST_PAUSE_MS; ; pause = longer(pause)) {
    for (const step of begun.steps) await finish(step)
    const { left } = await steps.verify({ userId, erasureId })
    if (left.length === 0) break
    show({ state: 'running', step: `again, for ${left.join(', ')}`, rounds: progress.rounds + 1 })
    await sleep(pause, { summary: 'Something was left' })
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof accountErasure>(input, progress)
  }
  await steps.complete({ userId, erasureId })
  return show({ state: 'done', rounds: progress.rounds })

  /** Undefined if the account has come back. */
  async function untilBegun(): Promise<{ erasureId: string; steps: string[] } | undefined> {
    for (;;) {
      isNews = false
      const now = await steps.begin(input)
      if (now.state === 'begun') return { erasureId: now.erasureId, steps: now.steps ?? [] }
      if (now.state === 'waiting') {
        const startsAt = new Date(Date.now() + now.msLeft).toISOString()
        show({ state: 'waiting', startsAt, rounds: 0 })
        await condition(() => isNews, Math.max(1, now.msLeft), { summary: 'Signing in ends it until then' })
      } else if (!isNews) return undefined
      if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof accountErasure>(input, progress)
    }
  }

  async function finish(step: string): Promise<void> {
    show({ state: 'running', step, rounds: progress.rounds })
    for (let pause = FIRST_PAUSE_MS; ;) {
      const { state } = await steps.erase(step)({ userId, erasureId, step })
      if (state === 'done') return
      if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof accountErasure>(input, progress)
      if (state === 'more') pause = FIRST_PAUSE_MS
      else {
        await sleep(pause, { summary: 'What others have under way' })
        pause = longer(pause)
      }
    }
  }

  function show(now: AccountErasureProgress): AccountErasureProgress {
    progress = now
    setCurrentDetails(
      [
        now.state,
        now.startsAt && `until ${now.startsAt}`,
        now.step,
        now.rounds > 0 && `${now.rounds} rounds more`,
      ]
        .filter(Boolean)
        .join(', '),
    )
    return progress
  }
}

const longer = (pauseMs: number) => Math.min(2 * pauseMs, LONGEST_PAUSE_MS)
