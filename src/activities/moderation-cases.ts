import type { ModerationCaseActivities } from '../contracts/activities/moderation-cases.ts'
import type { CaseReviews } from '../services/moderation/review-case.ts'
import { asActivities } from './failures.ts'

/** The steps of moderationCase. */
export function createModerationCaseActivities({
  reviews,
}: {
  reviews: CaseReviews
}): ModerationCaseActivities {
  return asActivities<ModerationCaseActivities>({
    reviewCase: ({ caseId }) => reviews.review(caseId),
    proveWithdrawals: ({ caseId }) => reviews.prove(caseId),
  })
}
