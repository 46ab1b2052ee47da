import type { Clients } from '../clients.ts'
import type { Delivery } from '../delivery/module.ts'
import { createPhotos } from './photos.ts'

/** Reading, editing and deleting photos. */
export function openPhotos({ config, db, objects }: Clients, { outbox }: Delivery) {
  return {
    photos: createPhotos({ db, objects, outbox, fanoutShardThreshold: config.FANOUT_SHARD_THRESHOLD }),
  }
}
