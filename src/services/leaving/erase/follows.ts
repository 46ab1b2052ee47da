import type { Database } from '../../../infra/db/database.ts'
import { lockFeedStates } from '../../distribution/feed-state.ts'
import { deleteEdges, type Edge } from '../../graph/edges.ts'
import { countRemoved, type ErasureStep } from './step.ts'

const BATCH_FOLLOWS = 100

// Plan: follows_pkey, and the index by followee.
const NEXT = `
  (SELECT follower_id AS "followerId", followee_id AS "followeeId" FROM follows WHERE follower_id = $1 LIMIT $2)
  UNION ALL
  (SELECT follower_id, followee_id FROM follows WHERE followee_id = $1 LIMIT $2) LIMIT $2`

/** Ends the account's follows both ways, with the counts of the others. */
export const eraseFollows = ({ db }: { db: Pick<Database, 'transaction'> }): ErasureStep => ({
  name: 'follows',
  async next(account) {
    const removed = await db.transaction(async (tx) => {
      const edges = await tx.query<Edge & Record<string, unknown>>({
        text: NEXT,
        values: [account.userId, BATCH_FOLLOWS],
      })
      if (edges.length === 0) return 0
      await lockFeedStates(tx, ...new Set(edges.map((edge) => edge.followerId)))
      const ended = await deleteEdges(tx, edges)
      await countRemoved(tx.query, account, { store: 'postgres', what: 'follows', removed: ended.length })
      return edges.length
    })
    return removed === BATCH_FOLLOWS ? 'more' : 'done'
  },
})
