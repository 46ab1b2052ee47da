import type { PhotoId, UserId } from '../../domain/ids.ts'
import type { LinkId } from '../../domain/viewer.ts'
import type { Clients } from '../clients.ts'
import type { SyncProgress } from '../../contracts/photo-sync.ts'
import { createAvatarObjects, withAvatars } from './avatars.ts'
import { recordErasure, scrubPhoto } from './erasures.ts'
import { createPhotoObjects } from './objects.ts'
import { planAccount, planAudience, planPhoto } from './plan.ts'
import {
  recordAccountProof,
  recordAudienceProof,
  recordLinkProof,
  recordPhotoProof,
  watchRetractions,
} from './proofs.ts'
import { createEdgeRefusals } from './refuse-at-edge.ts'
import { withdrawPhotos } from './withdraw-photos.ts'

/** Removes from edges and storage what a narrowing takes back. */
export function openRetraction({ config, db, objects, archive, cdn, logger }: Clients) {
  return {
    plan: {
      photo: (photoId: PhotoId) => planPhoto(db.primary, photoId),
      account: (userId: UserId) => planAccount(db.primary, userId),
      audience: (userId: UserId) => planAudience(db.primary, userId),
    },
    refusals: createEdgeRefusals({
      db,
      cdn,
      cdnBaseUrl: config.CDN_BASE_URL,
      cdnSigningKey: config.CDN_SIGNING_KEY,
    }),
    objects: withAvatars(
      db,
      createPhotoObjects({ db, objects, archive }),
      createAvatarObjects({ db, objects }),
    ),
    withdraw: (userId: UserId, after: PhotoId | null) => withdrawPhotos(db, userId, after),
    proofs: {
      photo: (photoId: PhotoId, minEpoch: number) => recordPhotoProof(db.primary, photoId, minEpoch),
      account: (userId: UserId, minEpoch: number) => recordAccountProof(db.primary, userId, minEpoch),
      audience: (userId: UserId, minEpoch: number) => recordAudienceProof(db.primary, userId, minEpoch),
      link: (linkId: LinkId) => recordLinkProof(db.primary, linkId),
    },
    erasures: {
      scrub: (photoId: PhotoId, signal?: AbortSignal) => scrubPhoto(db.primary, photoId, signal),
      record: (photoId: PhotoId, removed: SyncProgress['removed']) =>
        recordErasure(db.primary, photoId, removed),
    },
    /** Reports what is owed until the signal aborts. */
    background: (signal: AbortSignal) => watchRetractions({ db, logger }, signal),
  }
}

export type Retraction = ReturnType<typeof openRetraction>
