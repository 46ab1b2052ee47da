import type { UserRow } from '../../../entities/index.ts'
import type { Database } from '../../../infra/db/database.ts'
import type { OwnerDocuments } from '../../../infra/opensearch/owner-documents.ts'
import type { RedisClient } from '../../../infra/redis/client.ts'
import { eventLogKey } from '../../../infra/redis/event-logs.ts'
import { headKey } from '../../../infra/redis/feed-heads.ts'
import type { OwnedExecutions } from '../../../infra/temporal/executions.ts'
import { accountCounterKeys } from '../../requests/rate-limits.ts'
import { countRemoved, type ErasureStep } from './step.ts'

/**
 * Deletes the account's feed head, its live events and the counters of its limits. What else Redis has of it ends by itself: marks of
 * writes after two seconds, tickets after thirty, counters of failed sign-ins within an hour.
 */
export const eraseRedis = ({
  db,
  redis,
}: {
  db: Pick<Database, 'primary'>
  redis: Pick<RedisClient, 'del'>
}): ErasureStep => ({
  name: 'redis',
  async next(account) {
    const { userId } = account
    const [user] = await db.primary<Pick<UserRow, 'username'>>({
      text: 'SELECT username FROM users WHERE user_id = $1',
      values: [userId],
    })
    const keys = [headKey(userId), eventLogKey(userId), ...accountCounterKeys(userId, user!.username)]
    // One by one: on a cluster they have many slots.
    let removed = 0
    for (const key of keys) removed += await redis.del(key)
    await countRemoved(db.primary, account, { store: 'redis', what: 'keys', removed })
    return 'done'
  },
})

/** The workflows of the photos have removed their documents; what else there is of the account goes here. */
export const eraseDocuments = ({
  db,
  documents,
}: {
  db: Pick<Database, 'primary'>
  documents: OwnerDocuments
}): ErasureStep => ({
  name: 'search documents',
  async next(account) {
    const removed = await documents.remove(account.userId)
    await countRemoved(db.primary, account, { store: 'opensearch', what: 'photo documents', removed })
    return (await documents.count(account.userId)) > 0 ? 'waiting' : 'done'
  },
})

/** Ends and deletes the workflows that carry the account's number; they are looked for until none is listed any more. */
export const eraseExecutions = ({
  db,
  executions,
}: {
  db: Pick<Database, 'primary'>
  executions: OwnedExecutions
}): ErasureStep => ({
  name: 'workflows',
  async next(account) {
    const { listed, deleted } = await executions.remove(account.userId)
    await countRemoved(db.primary, account, {
      store: 'temporal',
      what: 'workflow executions',
      removed: deleted,
    })
    return listed > 0 ? 'waiting' : 'done'
  },
})
