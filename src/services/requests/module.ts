import type { Clients } from '../clients.ts'
import { createIdempotency } from './idempotency.ts'
import { createRateLimits } from './rate-limits.ts'

/** The memory of requests: first answers by Idempotency-Key, and rate limit counters. */
export function openRequests({ config, db, redis, breaker }: Clients) {
  return {
    idempotency: createIdempotency({ db }),
    rateLimits: createRateLimits(redis, breaker, {
      enabled: config.RATE_LIMITS,
      factor: config.RATE_LIMIT_FACTOR,
    }),
  }
}
