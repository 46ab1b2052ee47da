import type { PhotoId, UserId } from '../domain/ids.ts'
import type { Verdict } from '../domain/screening.ts'
import type { CaseState } from '../domain/moderation.ts'

/** Sees one case through: its deadlines, what people are told, and its end (docs/moderation.md). */
export const MODERATION_CASE = 'moderationCase'
export const moderationCaseWorkflowId = (caseId: string): string => `case/${caseId}`

export interface ModerationCaseInput {
  caseId: string
  ownerId: UserId
  /** If the case is about a photo. */
  photoId?: PhotoId | undefined
}

/** Signal: the case was opened, reported again, claimed, decided or appealed; Postgres says what it is now. */
export const CASE_CHANGED = 'caseChanged'

/** Query: where the case stands, as it was last read. */
export const CASE_PROGRESS = 'caseProgress'
/** Update: looks at the case at once, and answers when everything is done that its decisions owe. */
export const SETTLE_CASE = 'settleCase'

export interface CaseProgress {
  /** `gone`: the account was deleted, and its cases with it. */
  state: CaseState | 'gone'
  /** ISO 8601: when time changes it next; undefined: never. */
  nextAt?: string | undefined
  /** Takedowns and suspensions that are not yet proven to be refused at every edge. */
  unproven: number
  /** What a person decided about a photo that waits for its verdict (contracts/photo-moderation.ts). */
  verdict?: Verdict | undefined
}
