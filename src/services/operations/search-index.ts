import type { Query } from '../../infra/db/database.ts'
import type { Client as SearchClient } from '../../infra/opensearch/client.ts'
import { storedDocuments } from '../../infra/opensearch/documents.ts'
import { photosAlias } from '../../infra/opensearch/versions.ts'

/** After this time a photo that is published has its document, unless many wait. */
const INDEXED_WITHIN_MS = 60_000

/**
 * Whether there is an index with documents, if there are photos.
 * @throws DarkroomError `unavailable` when the index is lost or OpenSearch down; Error if the index was emptied
 */
export async function assertIndexServes(of: {
  openSearch: SearchClient
  indexPrefix: string
  primary: Query
}): Promise<void> {
  const documents = await storedDocuments(of.openSearch, photosAlias(of.indexPrefix)).count()
  if (documents > 0) return
  // Plan: a scan of photos that ends at the first; without any, it is short.
  const [row] = await of.primary<{ exists: boolean }>({
    text: `SELECT EXISTS (SELECT FROM photos WHERE status = 'ready' AND score < $1) AS exists`,
    values: [Date.now() - INDEXED_WITHIN_MS],
  })
  if (row!.exists) throw new Error('the search index is empty')
}
