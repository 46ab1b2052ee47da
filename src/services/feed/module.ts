import { once } from 'node:events'
import { createFeedHeads } from '../../infra/redis/feed-heads.ts'
import type { Clients } from '../clients.ts'
import { createFeed } from './feed.ts'
import { createInFlightCopy } from './in-flight-copy.ts'
import { createFeedSweep } from './sweep.ts'

/** The home feed's read side. */
export function openFeed({ db, redis, breaker, logger }: Clients) {
  const inFlight = createInFlightCopy({ db, logger })
  const feed = createFeed({
    db,
    heads: createFeedHeads(redis, { breaker }),
    inFlight,
    logger,
  })
  return {
    feed,
    inFlight,
    /** Polls the photos in flight until the signal aborts; resolves once no background build is running. */
    background: async (signal: AbortSignal): Promise<void> => {
      inFlight.start()
      await once(signal, 'abort')
      inFlight.stop()
      await feed.idle()
    },
  }
}

/** The sweeps over stored feeds. */
export function openFeedSweep({ config, db, redis, logger }: Clients) {
  return {
    sweep: createFeedSweep({
      db,
      redis,
      unenrolDays: config.FEED_UNENROL_DAYS,
      logger,
    }),
  }
}
