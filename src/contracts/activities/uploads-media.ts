import type { ModerationPlan } from '../photo-moderation.ts'
import type { PublishOutcome } from './uploads.ts'
import type { PhotoId } from '../../domain/ids.ts'

/** The original's width and height in pixels; `gone`: the photo no longer exists. */
export type ValidationOutcome =
  { outcome: 'valid'; width: number; height: number; bytes: number } | { outcome: 'gone' }

/**
 * A size in a format, such as `thumb_200` as `webp`. The media worker lists the variants; workflows know none by name.
 */
export interface VariantRef {
  variant: string
  format: string
}

/**
 * The variants of a photo and which of them are not stored yet; `deferred` are those of them that wait for the others.
 * `gone`: the photo no longer exists.
 */
export type VariantPlan =
  | { outcome: 'planned'; variants: VariantRef[]; missing: VariantRef[]; deferred?: VariantRef[] }
  | { outcome: 'gone' }

/**
 * `variants`: all that the photo should have; workers of v0.1 leave it out. `failed`: those that could not be made.
 * `deferred`: those that `renderDeferredVariants` is to make.
 */
export type RenderOutcome =
  | { outcome: 'rendered'; variants?: VariantRef[]; failed: VariantRef[]; deferred?: VariantRef[] }
  | { outcome: 'gone' }

/** `cold`: the original cannot be read before it is restored, which asks for the variant again. */
export type SingleRenderOutcome = RenderOutcome | { outcome: 'cold' }

/** The number of the attempt that succeeded; the first is 1. */
interface Tried {
  attempts: number
}

/** The steps of photoUpload on the queue `media`. */
export interface MediaActivities {
  /**
   * With what the settings say of its moderation, which workers of v0.2 leave out, and whether it is to be embedded. Publishes what nobody holds at once, as another
   * step would cost a user 25 ms; `published` is missing for what is held, and from workers that leave it to `publishPhoto`.
   */
  validateOriginal: (input: {
    photoId: PhotoId
  }) => Promise<
    ValidationOutcome & Tried & { moderation?: ModerationPlan; embeds?: boolean; published?: PublishOutcome }
  >
  renderVariants: (input: { photoId: PhotoId }) => Promise<RenderOutcome & Tried>
  /** Makes the variants of costlier formats, once the photo can be shown in the others. */
  renderDeferredVariants: (input: { photoId: PhotoId }) => Promise<RenderOutcome & Tried>
  /** Lists the variants when `renderVariants` has failed and so could not. */
  planVariants: (input: { photoId: PhotoId }) => Promise<VariantPlan>
  renderVariant: (input: { photoId: PhotoId } & VariantRef) => Promise<SingleRenderOutcome & Tried>
}
