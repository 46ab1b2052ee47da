import {
  CancellationScope,
  condition,
  defineQuery,
  defineSignal,
  isCancellation,
  setCurrentDetails,
  setHandler,
} from '@temporalio/workflow'
import type { ScreeningOutcome } from '../../contracts/activities/screening.ts'
import {
  DECIDE_MODERATION,
  MODERATION_STATE,
  type ModerationOutcome,
  type ModerationState,
  type PhotoModerationInput,
} from '../../contracts/photo-moderation.ts'
import type { PhotoId } from '../../domain/ids.ts'
import { VERDICTS, type Verdict } from '../../domain/screening.ts'
import { steps } from './steps.ts'

const decideModeration = defineSignal<[Verdict]>(DECIDE_MODERATION)
const moderationState = defineQuery<ModerationState>(MODERATION_STATE)

/**
 * Gets a verdict on one photo (contracts/photo-moderation.ts). While none can be had, the photo is neither lost nor published
 * silently: people are told after a while, and the policy says whether it goes on waiting.
 */
export async function photoModeration(input: PhotoModerationInput): Promise<ModerationOutcome> {
  const { photoId, plan } = input
  const moderation = openModeration()
  const soon = await screened(photoId, moderation, () => steps.screenSoon(plan.escalateAfterMs)({ photoId }))
  if (soon) return moderation.end(soon)

  moderation.reach('escalated')
  await steps.escalate({ photoId, mode: plan.mode })
  const waits = plan.mode === 'pre' && plan.onOutage === 'hold'
  if (plan.mode === 'pre' && !waits) return moderation.end({ outcome: 'undecided' })
  const late = await screened(photoId, moderation, () => steps.screenLate({ photoId }))
  if (late) return moderation.end(late)
  if (!waits) return moderation.end({ outcome: 'undecided' })
  await condition(moderation.isDecided)
  return moderation.end(await decided(photoId, moderation))
}

/** State and handlers. */
function openModeration() {
  let state: ModerationState = 'screening'
  let decision: Verdict | undefined
  setHandler(
    decideModeration,
    (verdict) => {
      // Whoever sends it types it by hand.
      if (VERDICTS.includes(verdict)) decision ??= verdict
    },
    { description: 'A person has decided: allow, limit or quarantine' },
  )
  setHandler(moderationState, () => state, { description: 'Where moderation stands' })
  const reach = (next: ModerationState, detail: string = next) => {
    state = next
    setCurrentDetails(detail)
  }
  return {
    reach,
    isDecided: () => decision !== undefined,
    decision: () => decision,
    end(outcome: ModerationOutcome): ModerationOutcome {
      reach('done', outcome.outcome === 'verdict' ? outcome.verdict : outcome.outcome)
      return outcome
    },
  }
}
type Moderation = ReturnType<typeof openModeration>

/** Tries to get a verdict, until a person decides. @returns undefined if none could be had */
async function screened(
  photoId: PhotoId,
  moderation: Moderation,
  screen: () => Promise<ScreeningOutcome>,
): Promise<ModerationOutcome | undefined> {
  const scope = new CancellationScope()
  try {
    const outcome = await scope.run(() =>
      Promise.race([screen(), condition(moderation.isDecided).then(() => undefined)]),
    )
    return outcome ? concluded(outcome) : await decided(photoId, moderation)
  } catch (error) {
    if (isCancellation(error)) throw error
    return undefined
  } finally {
    scope.cancel()
  }
}

async function decided(photoId: PhotoId, moderation: Moderation): Promise<ModerationOutcome> {
  return concluded(await steps.recordDecision({ photoId, verdict: moderation.decision()! }))
}

function concluded(outcome: ScreeningOutcome): ModerationOutcome {
  return outcome.outcome === 'gone' ? outcome : { outcome: 'verdict', verdict: outcome.verdict }
}
