import type { Database } from '../../../infra/db/database.ts'
import type { OwnerDocuments } from '../../../infra/opensearch/owner-documents.ts'
import type { RedisClient } from '../../../infra/redis/client.ts'
import { eventLogKey } from '../../../infra/redis/event-logs.ts'
import { headKey } from '../../../infra/redis/feed-heads.ts'
import type { OwnedExecutions } from '../../../infra/temporal/executions.ts'
import { accountCounterKeys } from '../../requests/rate-limits.ts'
import { removeElsewhere, type ErasureStep } from './step.ts'

/**
 * Deletes the account's feed head, its live events and the counters of its limits. What else Redis has of it ends by itself: marks of
 * writes after two seconds, tickets after thirty, counters of failed sign-ins within an hour, which do not tell its name.
 */
export const eraseRedis = ({
  db,
  redis,
}: {
  db: Pick<Database, 'primary'>
  redis: Pick<RedisClient, 'del' | 'exists'>
}): ErasureStep => ({
  name: 'redis',
  async next(account) {
    const { userId } = account
    const keys = [headKey(userId), eventLogKey(userId), ...accountCounterKeys(userId)]
    // One by one: on a cluster they have many slots.
    const each = async (call: (key: string) => Promise<number>) => {
      let sum = 0
      for (const key of keys) sum += await call(key)
      return sum
    }
    await removeElsewhere(db.primary, account, {
      store: 'redis',
      what: 'keys',
      count: () => each((key) => redis.exists(key)),
      remove: () => each((key) => redis.del(key)),
    })
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
    const left = await removeElsewhere(db.primary, account, {
      store: 'opensearch',
      what: 'photo documents',
      count: () => documents.count(account.userId),
      remove: () => documents.remove(account.userId),
    })
    return left > 0 ? 'waiting' : 'done'
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
    const left = await removeElsewhere(db.primary, account, {
      store: 'temporal',
      what: 'workflow executions',
      count: () => executions.count(account.userId),
      remove: () => executions.remove(account.userId),
    })
    return left > 0 ? 'waiting' : 'done'
  },
})
