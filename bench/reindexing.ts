import { openDatabase, type Database } from '../src/infra/db/database.ts'
import { createIndexBuilds, type IndexBuilds } from '../src/infra/opensearch/builds.ts'
import { openSearchClient, type Client } from '../src/infra/opensearch/client.ts'
import { storedDocuments } from '../src/infra/opensearch/documents.ts'
import { createPhotoIndex, writerOf } from '../src/infra/opensearch/photo-index.ts'
import { createReindexer, type Reindexer } from '../src/services/search/reindex.ts'

/** The steps of searchReindex, in the process of a benchmark. */
export interface Reindexing {
  client: Client
  db: Database
  prefix: string
  builds: IndexBuilds
  reindexer: Reindexer
  /** Writes all photos into an index that is being built, slice by slice. @param report hears how many are written */
  copyAll(index: string, report?: (photos: number) => void): Promise<void>
  close(): Promise<void>
}

const SLICE = { maxPhotos: 1_000_000, ms: 5_000 }

/** @param env of the instance whose index is built */
export async function openReindexing(env: Record<string, string>): Promise<Reindexing> {
  const prefix = env.OPENSEARCH_INDEX_PREFIX!
  const client = openSearchClient(env.OPENSEARCH_URL!)
  const db = await openDatabase({
    url: env.DATABASE_URL!,
    poolSize: 4,
    statementTimeoutMs: 60_000,
    applicationName: 'bench-reindexing',
  })
  const builds = createIndexBuilds(client, prefix, 0)
  const reindexer = createReindexer({
    primary: db.primary,
    index: createPhotoIndex(client, prefix),
    builds,
    only: (name) => writerOf(client, name),
    documentsOf: (name) => storedDocuments(client, name),
  })
  const { signal } = new AbortController()
  return {
    client,
    db,
    prefix,
    builds,
    reindexer,
    async copyAll(index, report) {
      let written = 0
      for (let after: string | null = null; ;) {
        const slice = await reindexer.copy(
          { index, after, maxDocuments: SLICE.maxPhotos },
          { maxMs: SLICE.ms, onReached: () => undefined, signal },
        )
        written += slice.tally.documents
        report?.(written)
        if (slice.isAtEnd) break
        after = slice.after
      }
      await builds.refresh(index)
    },
    async close() {
      await client.close()
      await db.close()
    },
  }
}
