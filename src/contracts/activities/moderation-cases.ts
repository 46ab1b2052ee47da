import type { CaseProgress, ModerationCaseInput } from '../moderation-case.ts'

type CaseName = Pick<ModerationCaseInput, 'caseId'>

/** The steps of moderationCase. */
export interface ModerationCaseActivities {
  /** Does what time has made due, and tells people of decisions that they have not been told of. */
  reviewCase: (input: CaseName) => Promise<CaseProgress>
  /** Records that what was withdrawn is refused everywhere; fails, to be tried again, until it is. */
  proveWithdrawals: (input: CaseName) => Promise<void>
}
