import { createIndexBuilds } from '../../infra/opensearch/builds.ts'
import { storedDocuments } from '../../infra/opensearch/documents.ts'
import { createPhotoIndex, writerOf } from '../../infra/opensearch/photo-index.ts'
import type { Clients } from '../clients.ts'
import { createIndexCare } from './index-care.ts'
import { createReindexer, type ReindexerDeps } from './reindex.ts'
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
  const deps: ReindexerDeps = {
    index,
    primary: db.primary,
    builds: createIndexBuilds(openSearch, config.OPENSEARCH_INDEX_PREFIX),
    only: (name) => writerOf(openSearch, name),
    documentsOf: (name) => storedDocuments(openSearch, name),
  }
  return {
    searchIndex: createSearchIndex(deps),
    reindexer: createReindexer(deps),
    care: createIndexCare(deps),
  }
}
