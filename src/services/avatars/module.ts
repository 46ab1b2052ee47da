import type { Clients } from '../clients.ts'
import type { Delivery } from '../delivery/module.ts'
import type { JudgePicture } from '../screening/judge-picture.ts'
import { createAvatarSteps } from './avatar-steps.ts'
import { createAvatarUploads } from './avatar-uploads.ts'
import { createMakeAvatar } from './make-avatar.ts'

const PIXELS_PER_MEGAPIXEL = 1_000_000

/** The client's side of an avatar. */
export function openAvatars({ config, db, objects }: Clients, { outbox }: Delivery) {
  return {
    avatars: createAvatarUploads({
      db,
      objects,
      outbox,
      uploadExpirySeconds: config.UPLOAD_EXPIRY_SECONDS,
    }),
  }
}

/** The workflow's side: the short steps, which touch rows and keys. */
export const openAvatarSteps = ({ db, objects }: Clients) => createAvatarSteps({ db, objects })

/** The workflow's side: the step that decodes pixels. */
export function openAvatarMaking(
  { config, db, objects, images }: Clients,
  { outbox }: Delivery,
  { judgePicture }: { judgePicture: JudgePicture },
) {
  const maxPixels = config.MAX_MEGAPIXELS * PIXELS_PER_MEGAPIXEL
  return { makeAvatar: createMakeAvatar({ db, objects, outbox, images, judgePicture, maxPixels }) }
}
