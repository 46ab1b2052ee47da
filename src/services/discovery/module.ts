import type { Database } from '../../infra/db/database.ts'
import type { Search } from '../search/search.ts'
import { createDiscovery } from './discovery.ts'
import { createOwnLibrary } from './own-library.ts'
import { rankPhotos } from './rank-photos.ts'
import { rankTags } from './rank-tags.ts'

/** Finding accounts, tags and photos that one did not know, and one's own photos by time and place. */
export function openDiscovery({ search }: { search: Search }) {
  return { discovery: createDiscovery(search), ownLibrary: createOwnLibrary() }
}

/** What is ranked ahead, as of `now` in ms since 1970. */
export type Rankings = ReturnType<typeof openRankings>

export function openRankings({ db }: { db: Database }) {
  return {
    rankTags: (now: number) => rankTags(db, now),
    rankPhotos: (now: number) => rankPhotos(db, now),
  }
}
