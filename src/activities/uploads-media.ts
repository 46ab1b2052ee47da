import type { PhotoId } from '../domain/ids.ts'
import type { Originals } from '../services/uploads/validate-original.ts'
import type { VariantRef, Variants } from '../services/uploads/render-variants.ts'
import { withFailures } from './failures.ts'
import { currentAttempt, whileHeartbeating } from './heartbeat.ts'

export interface MediaActivitiesDeps {
  originals: Originals
  variants: Variants
}

/** The steps that decode pixels; the media worker runs only as many at once as it has cores for. */
export function createMediaActivities({ originals, variants }: MediaActivitiesDeps) {
  return withFailures({
    validateOriginal: async ({ photoId }: { photoId: PhotoId }) => ({
      ...(await whileHeartbeating((signal) => originals.validate(photoId, signal))),
      attempts: currentAttempt(),
    }),
    renderVariants: async ({ photoId }: { photoId: PhotoId }) => ({
      ...(await whileHeartbeating((signal) => variants.renderAll(photoId, signal))),
      attempts: currentAttempt(),
    }),
    renderVariant: async ({ photoId, variant, format }: { photoId: PhotoId } & VariantRef) => ({
      ...(await whileHeartbeating((signal) => variants.renderOne(photoId, { variant, format }, signal))),
      attempts: currentAttempt(),
    }),
  })
}

export type MediaActivities = ReturnType<typeof createMediaActivities>
