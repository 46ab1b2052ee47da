import type { Clients } from '../clients.ts'
import type { Delivery } from '../delivery/module.ts'
import { createUploads, type Verdicts } from './claim-and-publish.ts'
import { createMultipartUploads } from './multipart-uploads.ts'
import { createPendingUploads } from './open-upload.ts'
import { createOwnPhotosByHash } from './own-photos-by-hash.ts'
import { createProgress } from './progress.ts'
import { createLibraryReencoder } from './reencode-library.ts'
import { createVariants } from './render-variants.ts'
import { createStorageEvents } from './storage-events.ts'
import { createOriginals } from './validate-original.ts'

const PIXELS_PER_MEGAPIXEL = 1_000_000

/** The client's side of an upload. */
export function openUploads({ config, db, objects, temporal }: Clients, { outbox }: Delivery) {
  return {
    pendingUploads: createPendingUploads({
      db,
      objects,
      outbox,
      uploadExpirySeconds: config.UPLOAD_EXPIRY_SECONDS,
      multipartExpirySeconds: config.UPLOAD_MULTIPART_EXPIRY_SECONDS,
      maxUploadBytes: config.MAX_UPLOAD_BYTES,
      limits: {
        storage: { bytes: config.MAX_ACCOUNT_BYTES, photos: config.MAX_ACCOUNT_PHOTOS },
        pending: config.MAX_PENDING_UPLOADS,
        pixels: config.MAX_MEGAPIXELS * PIXELS_PER_MEGAPIXEL,
        pixelsPerHour: config.MAX_MEGAPIXELS_PER_HOUR * PIXELS_PER_MEGAPIXEL,
      },
    }),
    multipartUploads: createMultipartUploads({ db, objects }),
    ownPhotosByHash: createOwnPhotosByHash(db),
    progress: createProgress({ temporal, db }),
    storageEvents: createStorageEvents({ db, outbox, bucket: config.S3_BUCKET }),
  }
}

/** The workflow's side: the short steps, which touch rows and keys. */
export function openUploadSteps({ config, db, objects, archive }: Clients, verdicts: Verdicts) {
  const fanoutShardThreshold = config.FANOUT_SHARD_THRESHOLD
  return {
    uploads: createUploads({ db, objects, archive, fanoutShardThreshold, verdicts }),
  }
}

/** The workflow's side: the steps that decode pixels. */
export function openMedia({ config, db, objects, archive, images, cdn }: Clients) {
  const maxPixels = config.MAX_MEGAPIXELS * PIXELS_PER_MEGAPIXEL
  return {
    uploads: createUploads({ db, objects, archive, fanoutShardThreshold: config.FANOUT_SHARD_THRESHOLD }),
    originals: createOriginals({ db, objects, images, maxBytes: config.MAX_UPLOAD_BYTES, maxPixels }),
    variants: createVariants({ db, objects, archive, images, maxPixels }),
    reencoder: createLibraryReencoder({ db, objects, archive, images, cdn, maxPixels }),
  }
}
