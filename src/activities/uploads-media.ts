import type { MediaActivities } from '../contracts/activities/uploads-media.ts'
import type { ModerationPlan } from '../contracts/photo-moderation.ts'
import type { PhotoId } from '../domain/ids.ts'
import type { Uploads } from '../services/uploads/claim-and-publish.ts'
import type { Originals } from '../services/uploads/validate-original.ts'
import type { Variants } from '../services/uploads/render-variants.ts'
import { asActivities } from './failures.ts'
import { currentAttempt, whileHeartbeating } from './heartbeat.ts'

export interface MediaActivitiesDeps {
  originals: Originals
  uploads: Pick<Uploads, 'publish'>
  variants: Variants
  /** Of the moderation of a photo whose original is valid. */
  planOf: (photoId: PhotoId) => Promise<ModerationPlan>
  /** Whether photos are embedded. */
  embeds?: boolean
}

/** The steps that decode pixels; a media worker runs at most MEDIA_CONCURRENCY of them at once. */
export function createMediaActivities({
  originals,
  uploads,
  variants,
  planOf,
  embeds = false,
}: MediaActivitiesDeps): MediaActivities {
  return asActivities<MediaActivities>({
    validateOriginal: async ({ photoId }) => {
      const original = await whileHeartbeating((signal) => originals.validate(photoId, signal))
      const moderation = await planOf(photoId)
      const isPublished = original.outcome === 'valid' && moderation.mode !== 'pre'
      return {
        ...original,
        moderation,
        ...(embeds && { embeds }),
        ...(isPublished && { published: await uploads.publish(photoId) }),
        attempts: currentAttempt(),
      }
    },
    renderVariants: async ({ photoId }) => ({
      ...(await whileHeartbeating((signal) => variants.renderAll(photoId, signal))),
      attempts: currentAttempt(),
    }),
    renderDeferredVariants: async ({ photoId }) => ({
      ...(await whileHeartbeating((signal) => variants.renderDeferred(photoId, signal))),
      attempts: currentAttempt(),
    }),
    planVariants: ({ photoId }) => variants.plan(photoId),
    renderVariant: async ({ photoId, variant, format }) => ({
      ...(await whileHeartbeating((signal) => variants.renderOne(photoId, { variant, format }, signal))),
      attempts: currentAttempt(),
    }),
  })
}
