import type { PhotoId } from '../../domain/ids.ts'

export type ValidationOutcome =
  { outcome: 'valid'; width: number; height: number; bytes: number } | { outcome: 'gone' }

/** A size in a format. The workflow knows none by name: what there is, the media worker tells. */
export interface VariantRef {
  variant: string
  format: string
}

/** The variants of a photo and which of them are not stored yet. `gone`: the photo no longer exists. */
export type VariantPlan =
  { outcome: 'planned'; variants: VariantRef[]; missing: VariantRef[] } | { outcome: 'gone' }

/** What of `variants`, all that a photo is to be rendered to, could not be made. Workers of v0.1 leave `variants` out. */
export type RenderOutcome =
  { outcome: 'rendered'; variants?: VariantRef[]; failed: VariantRef[] } | { outcome: 'gone' }

/** Which try succeeded. */
interface Tried {
  attempts: number
}

/** The steps of photoUpload on the queue `media`. */
export interface MediaActivities {
  validateOriginal: (input: { photoId: PhotoId }) => Promise<ValidationOutcome & Tried>
  renderVariants: (input: { photoId: PhotoId }) => Promise<RenderOutcome & Tried>
  /** What `renderVariants` could not tell, as it failed. */
  planVariants: (input: { photoId: PhotoId }) => Promise<VariantPlan>
  renderVariant: (input: { photoId: PhotoId } & VariantRef) => Promise<RenderOutcome & Tried>
}
