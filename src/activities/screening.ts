import type { ModerationStepActivities, ScreeningActivities } from '../contracts/activities/screening.ts'
import type { Escalations } from '../services/screening/escalate.ts'
import type { Screening } from '../services/screening/screen-photo.ts'
import { asActivities } from './failures.ts'
import { currentAttempt, whileHeartbeating } from './heartbeat.ts'

/** The step that looks at pictures, on a queue of its own. */
export function createScreeningActivities({ screening }: { screening: Screening }): ScreeningActivities {
  return asActivities<ScreeningActivities>({
    screenPhoto: async ({ photoId }) => ({
      ...(await whileHeartbeating((signal) => screening.screen(photoId, { signal }))),
      attempts: currentAttempt(),
    }),
  })
}

/** The short steps of photoModeration. */
export function createModerationSteps({
  screening,
  escalations,
}: {
  screening: Pick<Screening, 'decide'>
  escalations: Escalations
}): ModerationStepActivities {
  return asActivities<ModerationStepActivities>({
    escalateScreening: ({ photoId, mode }) => escalations.escalate(photoId, mode),
    recordDecision: async ({ photoId, verdict }) => ({
      ...(await screening.decide(photoId, verdict)),
      attempts: currentAttempt(),
    }),
  })
}
