import type { Client as TemporalClient } from '@temporalio/client'
import type { Config } from '../config/config.ts'
import type { Database } from '../infra/db/database.ts'
import type { Client as SearchClient } from '../infra/opensearch/client.ts'
import { createPhotoIndex } from '../infra/opensearch/photo-index.ts'
import { createRedisBreaker } from '../infra/redis/breaker.ts'
import type { RedisClient } from '../infra/redis/client.ts'
import { createFeedHeads } from '../infra/redis/feed-heads.ts'
import type { ObjectStore } from '../infra/s3/object-store.ts'
import type { Logger } from '../observability/logger.ts'
import { createAccessTokens } from './accounts/access-tokens.ts'
import { createAccounts } from './accounts/accounts.ts'
import { createFeed } from './feed/feed.ts'
import { createInFlightCopy } from './feed/in-flight-copy.ts'
import { createFollows } from './graph/follows.ts'
import { createIdempotency } from './requests/idempotency.ts'
import { createOutbox } from './delivery/outbox.ts'
import { createOwnWrites } from './lists/own-writes.ts'
import { createPasswords } from './accounts/passwords.ts'
import { createPendingUploads } from './uploads/open-upload.ts'
import { createPhotos } from './photos/photos.ts'
import { createProfiles } from './graph/profiles.ts'
import { createProgress } from './uploads/progress.ts'
import { createRateLimits } from './requests/rate-limits.ts'
import { createReadiness } from './operations/readiness.ts'
import { createSearch } from './search/search.ts'
import { createSessions } from './accounts/sessions.ts'
import { createStorageEvents } from './uploads/storage-events.ts'

/** The clients that the services of the API work with. */
export interface ServicesDeps {
  config: Config
  db: Database
  redis: RedisClient
  objects: ObjectStore
  temporal: TemporalClient
  openSearch: SearchClient
  logger: Logger
}

/** Builds every use case of the API by hand; this is the whole wiring. */
export function createServices(deps: ServicesDeps) {
  const { config, db, redis, objects, temporal, openSearch, logger } = deps
  const breaker = createRedisBreaker(redis)
  const outbox = createOutbox({ db, temporal, logger })
  const sessions = createSessions({ db, sessionDays: config.SESSION_DAYS })
  const inFlight = createInFlightCopy({ db, logger })
  return {
    accessTokens: createAccessTokens({ keys: config.jwtKeys, lifetimeSeconds: config.ACCESS_TOKEN_SECONDS }),
    accounts: createAccounts({ db, passwords: createPasswords(), sessions }),
    sessions,
    photos: createPhotos({ db, objects, outbox, fanoutShardThreshold: config.FANOUT_SHARD_THRESHOLD }),
    pendingUploads: createPendingUploads({
      db,
      objects,
      outbox,
      uploadExpirySeconds: config.UPLOAD_EXPIRY_SECONDS,
      maxPendingUploads: config.MAX_PENDING_UPLOADS,
      maxUploadBytes: config.MAX_UPLOAD_BYTES,
    }),
    progress: createProgress({ temporal }),
    follows: createFollows({ db }),
    profiles: createProfiles(),
    feed: createFeed({
      db,
      heads: createFeedHeads(redis, { breaker }),
      inFlight,
      cursorSecret: config.CURSOR_SECRET,
      logger,
    }),
    inFlight,
    search: createSearch({
      index: createPhotoIndex(openSearch, config.OPENSEARCH_INDEX_PREFIX),
      query: db.replica,
      cursorSecret: config.CURSOR_SECRET,
    }),
    storageEvents: createStorageEvents({ db, outbox, bucket: config.S3_BUCKET }),
    ownWrites: createOwnWrites({ db, redis, breaker }),
    idempotency: createIdempotency({ db }),
    rateLimits: createRateLimits(redis, breaker, {
      enabled: config.RATE_LIMITS,
      factor: config.RATE_LIMIT_FACTOR,
    }),
    checkReadiness: createReadiness({ db, redis, objects, temporal, openSearch }),
  }
}

export type Services = ReturnType<typeof createServices>
