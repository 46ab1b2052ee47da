import { createFeedHeads } from '../../infra/redis/feed-heads.ts'
import type { Clients } from '../clients.ts'
import { createFanout } from './push.ts'

/** The feed's write side: pushing photos into feeds and taking them back. */
export function openDistribution({ config, db, redis }: Clients) {
  return {
    fanout: createFanout({
      db,
      heads: createFeedHeads(redis),
      sharding: { threshold: config.FANOUT_SHARD_THRESHOLD, shards: config.FANOUT_SHARDS },
    }),
  }
}
