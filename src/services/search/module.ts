import { createPhotoIndex } from '../../infra/opensearch/photo-index.ts'
import type { Clients } from '../clients.ts'
import { createSearchIndex } from './search-index.ts'
import { createSearch } from './search.ts'

/** Searching photos. */
export function openSearch({ config, openSearch }: Clients) {
  return {
    search: createSearch({
      index: createPhotoIndex(openSearch, config.OPENSEARCH_INDEX_PREFIX),
    }),
  }
}

/** Keeping the index in line with the rows. */
export function openSearchIndex({ config, db, openSearch }: Clients) {
  const index = createPhotoIndex(openSearch, config.OPENSEARCH_INDEX_PREFIX)
  return { searchIndex: createSearchIndex({ index, primary: db.primary }) }
}
