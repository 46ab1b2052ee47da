import type { Database } from '../../../infra/db/database.ts'
import type { OwnerDocuments } from '../../../infra/opensearch/owner-documents.ts'
import type { RedisClient } from '../../../infra/redis/client.ts'
import type { ObjectStore } from '../../../infra/s3/object-store.ts'
import type { OwnedExecutions } from '../../../infra/temporal/executions.ts'
import type { Outbox } from '../../delivery/outbox.ts'
import type { PhotoObjects } from '../../retraction/objects.ts'
import { eraseAlbums } from './albums.ts'
import { eraseAvatars } from './avatars.ts'
import { eraseComments } from './comments.ts'
import { eraseExports } from './exports.ts'
import { eraseFollows } from './follows.ts'
import { eraseLikes } from './likes.ts'
import { eraseModeration } from './moderation.ts'
import { eraseNotifications } from './notifications.ts'
import { eraseOwnRows } from './own-rows.ts'
import { awaitProofs, erasePhotos, forgetPhotos } from './photos.ts'
import type { ErasureStep } from './step.ts'
import { eraseDocuments, eraseExecutions, eraseRedis } from './stores.ts'

export interface ErasureStepsDeps {
  db: Pick<Database, 'primary' | 'transaction'>
  outbox: Pick<Outbox, 'dispatch'>
  objects: Pick<PhotoObjects, 'list' | 'deleteAll'>
  bucket: ObjectStore
  redis: Pick<RedisClient, 'del' | 'exists'>
  documents: OwnerDocuments
  executions: OwnedExecutions
}

/**
 * In their order: photos are taken out of feeds while their followers are known, rows go after all that writes them, and workflows
 * after all that starts them.
 */
export const erasureSteps = (deps: ErasureStepsDeps): readonly ErasureStep[] => [
  eraseExports(deps),
  erasePhotos(deps),
  eraseAvatars(deps),
  eraseAlbums(deps),
  awaitProofs(deps),
  eraseDocuments(deps),
  forgetPhotos(deps),
  eraseLikes(deps),
  eraseComments(deps),
  eraseFollows(deps),
  eraseNotifications(deps),
  eraseModeration(deps),
  eraseOwnRows(deps),
  eraseRedis(deps),
  eraseExecutions(deps),
]
