import { openDatabase } from '../src/infra/db/database.ts'
import type { UserId } from '../src/domain/ids.ts'
import { openSearchClient } from '../src/infra/opensearch/client.ts'
import { createPhotoIndex } from '../src/infra/opensearch/photo-index.ts'
import { loadPhotoCards } from '../src/services/photos/photo-cards.ts'
import { PAGE, toPhotoSearch, type Kind, type Question } from './search-questions.ts'

/** The least that a page of photos takes whose rights are decided when it is read: one search for ids, one statement, and JSON. */
export async function openSearchFloor(env: Record<string, string>, userId: UserId) {
  const client = openSearchClient(env.OPENSEARCH_URL!)
  const index = createPhotoIndex(client, env.OPENSEARCH_INDEX_PREFIX!)
  const db = await openDatabase({
    url: env.DATABASE_URL!,
    poolSize: 16,
    statementTimeoutMs: 60_000,
    applicationName: 'bench-search-floor',
  })
  return {
    async find(kind: Kind, question: Question): Promise<string> {
      const search = toPhotoSearch(kind, question, userId)
      const { positions } = await index.search({ ...search, after: null, size: PAGE + 1, counted: 1_000 })
      const ids = positions.map(({ photoId }) => photoId)
      const { cards } = await loadPhotoCards(db.primary, { kind: 'user', userId }, ids)
      return JSON.stringify([...cards.values()])
    },
    async close(): Promise<void> {
      await client.close()
      await db.close()
    },
  }
}
