import type { Clients } from '../clients.ts'
import type { Delivery } from '../delivery/module.ts'
import { createPhotos } from './photos.ts'
import { createTrash } from './trash.ts'

/** Reading, editing, deleting and restoring photos. */
export function openPhotos({ config, db, objects, textRules }: Clients, { outbox }: Delivery) {
  const fanoutShardThreshold = config.FANOUT_SHARD_THRESHOLD
  return {
    photos: createPhotos({ db, objects, outbox, fanoutShardThreshold, textRules }),
    trash: createTrash({ db, outbox, fanoutShardThreshold, keptDays: config.TRASH_DAYS }),
  }
}
