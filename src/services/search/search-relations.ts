import type { UserId } from '../../domain/ids.ts'
import type { Viewer } from '../../domain/viewer.ts'
import type { Query } from '../../infra/db/database.ts'
import type { SearchRelations } from '../../infra/opensearch/visibility.ts'
import { pendingRevocations } from './revocations.ts'

/** OpenSearch takes this many ids in a filter; of more followees or blocks, the latest count. */
const MAX_SEARCHED_RELATIONS = 65_536

// Plan: the newest entries of follows_following_idx and blocks_made_idx, and of blocks_received_idx those there are.
const RELATIONS = `
  SELECT ARRAY(SELECT followee_id::text FROM follows WHERE follower_id = $1::bigint
      ORDER BY created_at DESC, followee_id DESC LIMIT $2) AS followees,
    ARRAY((SELECT blocked_id::text FROM blocks WHERE blocker_id = $1::bigint
        ORDER BY created_at DESC, blocked_id DESC LIMIT $2 / 2)
      UNION ALL
      (SELECT blocker_id::text FROM blocks WHERE blocked_id = $1::bigint LIMIT $2 / 2)) AS blocked`

/** What decides which documents the viewer finds; `complete` unless more narrowings are pending than the query can leave out. */
export async function relationsOf(
  query: Query,
  viewer: Viewer,
  maxPending?: number,
): Promise<{ relations: SearchRelations; complete: boolean }> {
  const [{ complete, ...pending }, edges] = await Promise.all([
    pendingRevocations(query, maxPending),
    edgesOf(query, viewer),
  ])
  return { relations: { ...edges, pending }, complete }
}

async function edgesOf(
  query: Query,
  viewer: Viewer,
): Promise<Pick<SearchRelations, 'followees' | 'blocked'>> {
  if (viewer.kind !== 'user') return { followees: [], blocked: [] }
  const rows = await query<{ followees: UserId[]; blocked: UserId[] }>({
    name: 'search-relations',
    text: RELATIONS,
    values: [viewer.userId, MAX_SEARCHED_RELATIONS],
  })
  return rows[0]!
}
