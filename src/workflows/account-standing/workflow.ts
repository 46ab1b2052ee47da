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
  ACCOUNT_STANDING_PROGRESS,
  STANDING_CHANGED,
  type AccountStandingInput,
  type AccountStandingProgress,
} from '../../contracts/account-standing.ts'
import { steps } from './steps.ts'

const standingChanged = defineSignal(STANDING_CHANGED)
const accountStandingProgress = defineQuery<AccountStandingProgress>(ACCOUNT_STANDING_PROGRESS)

/**
 * An account's suspensions and strikes (contracts/account-standing.ts). What the rows say is read again after every timer and
 * signal; the workflow ends with the last of them.
 */
export async function accountStanding(input: AccountStandingInput): Promise<AccountStandingProgress> {
  let progress: AccountStandingProgress = { state: 'waiting' }
  let isNews = false
  setHandler(standingChanged, () => void (isNews = true), {
    description: 'A suspension or strike was decided or taken back',
  })
  setHandler(accountStandingProgress, () => progress, { description: 'When something ends next' })

  for (;;) {
    isNews = false
    const { msLeft } = await steps.review(input)
    if (isNews) continue
    if (msLeft === null) return (progress = { state: 'done' })
    const nextAt = new Date(Date.now() + msLeft).toISOString()
    progress = { state: 'waiting', nextAt }
    setCurrentDetails(`Until ${nextAt}`)
    await condition(() => isNews, Math.max(1, msLeft), {
      summary: 'Until a suspension, limit or strike ends',
    })
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof accountStanding>(input)
  }
}
