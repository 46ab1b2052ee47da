import type { PhotoId, UserId } from '../domain/ids.ts'
import type { Verdict } from '../domain/screening.ts'

/** Automatic moderation of one photo, a child of its upload (docs/moderation.md). */
export const PHOTO_MODERATION = 'photoModeration'
export const photoModerationWorkflowId = (photoId: PhotoId): string => `moderation/${photoId}`

/** Signal: a person has looked at a photo that no verdict can be had for. */
export const DECIDE_MODERATION = 'decideModeration'
/** Query: where it stands. */
export const MODERATION_STATE = 'moderationState'

/** Before the photo is published, which waits for the verdict, or after it, which a verdict may take back. */
export type ModerationMode = 'pre' | 'post'

/** What the settings say of one photo, fixed when its moderation begins. */
export interface ModerationPlan {
  mode: ModerationMode
  /** How long verdicts may fail before people are told. */
  escalateAfterMs: number
  /** What becomes of a photo that waits for its verdict then: it goes on waiting, or is published and screened afterwards. */
  onOutage: 'hold' | 'publish'
}

export interface PhotoModerationInput {
  photoId: PhotoId
  ownerId: UserId
  plan: ModerationPlan
}

/** `undecided`: no verdict could be had, and the photo is published for now. `gone`: there is no photo any more. */
export type ModerationOutcome =
  { outcome: 'verdict'; verdict: Verdict } | { outcome: 'undecided' } | { outcome: 'gone' }

export type ModerationState = 'screening' | 'escalated' | 'done'
