import type { PhotoId } from '../../domain/ids.ts'
import type { Verdict } from '../../domain/screening.ts'
import type { ModerationMode } from '../photo-moderation.ts'

export type ScreeningOutcome =
  { outcome: 'verdict'; verdict: Verdict; attempts: number } | { outcome: 'gone' }

/** The step that looks at a photo, on a queue of its own: a classifier that hangs holds up no other work. */
export interface ScreeningActivities {
  /** Records the verdict, and does what it asks for if the photo is published. */
  screenPhoto: (input: { photoId: PhotoId }) => Promise<ScreeningOutcome>
}

/** The short steps of photoModeration. */
export interface ModerationStepActivities {
  /** Tells people that no verdict can be had for a photo. */
  escalateScreening: (input: { photoId: PhotoId; mode: ModerationMode }) => Promise<void>
  /** Records what a person has decided instead, as `screenPhoto` does. */
  recordDecision: (input: { photoId: PhotoId; verdict: Verdict }) => Promise<ScreeningOutcome>
}
