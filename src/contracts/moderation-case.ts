import type { PhotoId, UserId } from '../domain/ids.ts'

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
