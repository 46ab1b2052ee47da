import type { Clients } from '../clients.ts'
import type { Delivery } from '../delivery/module.ts'
import { createAlbumActivities } from './activity.ts'
import { createAlbumLists } from './album-lists.ts'
import { createAlbumPhotos } from './album-photos.ts'
import { createAlbums } from './albums.ts'
import { createAlbumMembers } from './members.ts'

/** Albums, their photos, members and activity. */
export function openAlbums({ db }: Clients, { outbox }: Delivery) {
  return {
    albums: createAlbums({ db, outbox }),
    albumLists: createAlbumLists(),
    albumPhotos: createAlbumPhotos({ db, outbox }),
    albumMembers: createAlbumMembers({ db }),
    albumActivities: createAlbumActivities(),
  }
}
