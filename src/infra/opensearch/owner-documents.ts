import type { UserId } from '../../domain/ids.ts'
import type { Client } from './client.ts'
import { reachable } from './errors.ts'
import { findIndexes } from './versions.ts'

/** All that search knows of an account, whatever version it has. */
export interface OwnerDocuments {
  /** Removes it from every index there is. @throws DarkroomError unavailable */
  remove(ownerId: UserId): Promise<void>
  /** How many documents of the account any index has. @throws DarkroomError unavailable */
  count(ownerId: UserId): Promise<number>
}

const REQUEST_TIMEOUT_MS = 45_000

export function createOwnerDocuments(client: Client, prefix: string): OwnerDocuments {
  const query = (ownerId: UserId) => ({ term: { ownerId: { value: ownerId } } })

  async function indexNames(): Promise<string[]> {
    const { current, next, previous } = await findIndexes(client, prefix)
    return [current, next, previous].filter((name) => name !== undefined)
  }

  return {
    async remove(ownerId) {
      const index = await indexNames()
      if (index.length === 0) return
      await reachable(
        client.deleteByQuery(
          { index, refresh: true, conflicts: 'proceed', body: { query: query(ownerId) } },
          { requestTimeout: REQUEST_TIMEOUT_MS },
        ),
      )
    },

    async count(ownerId) {
      const index = await indexNames()
      if (index.length === 0) return 0
      await reachable(client.indices.refresh({ index }))
      const { body } = await reachable(client.count({ index, body: { query: query(ownerId) } }))
      return body.count
    },
  }
}
