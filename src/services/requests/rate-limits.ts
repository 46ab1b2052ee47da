import {
  RateLimiterMemory,
  RateLimiterRedis,
  RateLimiterRes,
  type RateLimiterAbstract,
} from 'rate-limiter-flexible'
import type { RedisBreaker } from '../../infra/redis/breaker.ts'
import type { RedisClient } from '../../infra/redis/client.ts'

const MINUTE_SECONDS = 60
const QUARTER_HOUR_SECONDS = 15 * MINUTE_SECONDS
const HOUR_SECONDS = 60 * MINUTE_SECONDS
const DAY_SECONDS = 24 * HOUR_SECONDS

const ACCOUNT_OR_ADDRESS = 'account, or address without one'
/** The /24 of an IPv4 address, or the /48 of an IPv6 address. */
const PREFIX = 'network around the address'

/** The policies; `RATE_LIMIT_FACTOR` multiplies the points. `counts` is for the OpenAPI document; of `writes`, a limited account has a tenth. */
export const RATE_POLICIES = {
  /** Reading: a busy client shows a few pages a second. */
  read: { points: 1_200, seconds: MINUTE_SECONDS, counts: ACCOUNT_OR_ADDRESS },
  search: { points: 240, seconds: MINUTE_SECONDS, counts: ACCOUNT_OR_ADDRESS },
  write: { points: 300, seconds: MINUTE_SECONDS, counts: ACCOUNT_OR_ADDRESS, writes: true },
  /** A thumb is faster than an editor. */
  like: { points: 300, seconds: MINUTE_SECONDS, counts: ACCOUNT_OR_ADDRESS, writes: true },
  /** One a second is more than anyone writes, and enough to answer a whole thread. */
  comment: { points: 60, seconds: MINUTE_SECONDS, counts: ACCOUNT_OR_ADDRESS, writes: true },
  /** Each may cost a moderator a look; nobody comes upon so much in an hour. */
  report: { points: 60, seconds: HOUR_SECONDS, counts: ACCOUNT_OR_ADDRESS, writes: true },
  /** Each opens room for an object in the storage; pending uploads have a quota besides. */
  upload: { points: 300, seconds: MINUTE_SECONDS, counts: ACCOUNT_OR_ADDRESS, writes: true },
  /** Each costs a decode, and its replacement an entry in every edge's deny table, as share links do. */
  avatar: { points: 30, seconds: HOUR_SECONDS, counts: ACCOUNT_OR_ADDRESS, writes: true },
  /** Each holds a connection for up to 25 s. */
  poll: { points: 600, seconds: MINUTE_SECONDS, counts: ACCOUNT_OR_ADDRESS },
  /** Per address, since the account does not exist yet. */
  signUp: { points: 30, seconds: HOUR_SECONDS, counts: 'address' },
  signUpPrefix: { points: 240, seconds: HOUR_SECONDS, counts: PREFIX },
  /** Those that were right do not count, nor those from where the account signed in before. */
  signIn: { points: 60, seconds: QUARTER_HOUR_SECONDS, counts: 'address that sign-ins fail from' },
  signInPrefix: { points: 480, seconds: QUARTER_HOUR_SECONDS, counts: `${PREFIX} that sign-ins fail from` },
  refresh: {
    points: 120,
    seconds: QUARTER_HOUR_SECONDS,
    counts: 'address that refresh tokens come from which are none',
  },
  refreshPrefix: {
    points: 960,
    seconds: QUARTER_HOUR_SECONDS,
    counts: `${PREFIX} that refresh tokens come from which are none`,
  },
  /** An access token lasts for minutes. */
  refreshSession: { points: 60, seconds: QUARTER_HOUR_SECONDS, counts: 'session that is refreshed' },
  /** Wrong ones; those that were right do not count. */
  currentPassword: {
    points: 10,
    seconds: QUARTER_HOUR_SECONDS,
    counts: 'account that passwords are tried for',
  },
  /** Wrong proofs of presence; those that were right do not count. A second factor has a million codes. */
  presence: {
    points: 10,
    seconds: HOUR_SECONDS,
    counts: 'session that passwords and codes are tried in',
  },
  /** Receipts of erasures: more than anyone reads, and no way to try secrets. */
  erasure: { points: 60, seconds: QUARTER_HOUR_SECONDS, counts: 'address' },
  /** Of all accounts that are signed in behind one address, in each process of the API. */
  address: { points: 30_000, seconds: MINUTE_SECONDS, counts: 'address of calls that are signed in' },
  /**
   * Personal access tokens that are refused, in each process of the API, before any is looked up. Those that are good do not count: a program
   * whose token was deleted asks ten times a second before it keeps others behind its address waiting.
   */
  token: { points: 600, seconds: MINUTE_SECONDS, counts: 'address that tokens come from which are none' },
  /** Each may cost every edge an entry of its deny table, which holds some 16,000 an hour for everyone. */
  shareLink: { points: 60, seconds: HOUR_SECONDS, counts: ACCOUNT_OR_ADDRESS, writes: true },
  /** What a few people behind one address open of share links. */
  share: { points: 600, seconds: MINUTE_SECONDS, counts: 'address' },
  /** A guest puts a whole evening into a drop box. */
  guestUpload: { points: 200, seconds: QUARTER_HOUR_SECONDS, counts: 'address' },
  sharePassword: {
    points: 30,
    seconds: QUARTER_HOUR_SECONDS,
    counts: 'address that wrong passwords of links come from',
  },
  /** Per link, from any address; those that were right do not count. */
  sharePasswordTarget: {
    points: 60,
    seconds: QUARTER_HOUR_SECONDS,
    counts: 'share link that wrong passwords are tried for',
  },
  signInTarget: {
    points: 10,
    seconds: QUARTER_HOUR_SECONDS,
    counts: 'username and address of sign-ins that fail',
  },
  /** Of whoever has the password. Three of a million codes are right at a time. */
  secondFactorTarget: {
    points: 10,
    seconds: HOUR_SECONDS,
    counts: 'account and device or network that wrong second factors come from',
  },
  /** From all networks together that the account has not signed in from: a chance of one in fifty in a year. */
  secondFactorAccount: {
    points: 20,
    seconds: DAY_SECONDS,
    counts: 'account that wrong second factors come for from new networks',
  },
  /** Second factors, and passkeys alone: nobody is asked who they are, and each asks the database. */
  signInStep: { points: 240, seconds: QUARTER_HOUR_SECONDS, counts: 'address' },
  signInStepPrefix: { points: 1_920, seconds: QUARTER_HOUR_SECONDS, counts: PREFIX },
  /** From all networks together that the account has not signed in from. */
  signInName: {
    points: 100,
    seconds: HOUR_SECONDS,
    counts: 'username that sign-ins from new networks fail for',
  },
} as const

/** What a write of an account that moderation limited counts: it has a tenth of the writes of others. */
export const LIMITED_COST = 10

export type RatePolicyName = keyof typeof RATE_POLICIES

/** How often a policy allows calls in its window, at least once. @param factor RATE_LIMIT_FACTOR */
export function policyPoints(name: RatePolicyName, factor: number): number {
  return Math.max(1, Math.round(RATE_POLICIES[name].points * factor))
}

/** The result of counting one call against a policy. */
export interface RateDecision {
  allowed: boolean
  limit: number
  windowSeconds: number
  remaining: number
  /** Whole seconds until the window ends, at least 1. */
  resetSeconds: number
}

export interface RateLimits {
  /** Counts one call, as many times as it costs; undefined if limits are switched off. */
  consume(policy: RatePolicyName, key: string, cost?: number): Promise<RateDecision | undefined>
  /** Counts one call in this process alone. */
  consumeHere(policy: RatePolicyName, key: string): Promise<RateDecision | undefined>
  /** Takes such a call back, which turned out not to count. */
  giveBackHere(policy: RatePolicyName, key: string): Promise<void>
  /** Takes one call back, which turned out not to count. */
  giveBack(policy: RatePolicyName, key: string): Promise<void>
}

export interface RateLimitOptions {
  enabled: boolean
  factor: number
  /** Keeps the counters of two installations (or tests) on one Redis apart. */
  keyPrefix?: string
}

/** One policy’s counters: those in Redis, and this process’s own. */
interface Limiter {
  shared: RateLimiterRedis
  own: RateLimiterMemory
}

/**
 * Counters in Redis, shared by all processes. While Redis does not answer each process counts for itself, so that neither
 * the service nor its protection goes away.
 */
export function createRateLimits(
  redis: RedisClient,
  breaker: RedisBreaker,
  options: RateLimitOptions,
): RateLimits {
  const limiters = new Map<RatePolicyName, Limiter>()
  for (const [name, policy] of Object.entries(RATE_POLICIES)) {
    const settings = {
      keyPrefix: `${options.keyPrefix ?? ''}rate:${name}`,
      points: policyPoints(name as RatePolicyName, options.factor),
      duration: policy.seconds,
    }
    limiters.set(name as RatePolicyName, {
      shared: new RateLimiterRedis({ ...settings, storeClient: redis }),
      own: new RateLimiterMemory(settings),
    })
  }

  return {
    async consume(policy, key, cost = 1) {
      if (!options.enabled) return undefined
      const { shared, own } = limiters.get(policy)!
      const result = await breaker
        .whileAnswering(shared.getKey(key), () => count(shared, key, cost))
        .catch(() => count(own, key, cost))
      return decisionOf(policy, own.points, result)
    },
    async consumeHere(policy, key) {
      if (!options.enabled) return undefined
      const { own } = limiters.get(policy)!
      return decisionOf(policy, own.points, await count(own, key, 1))
    },
    async giveBackHere(policy, key) {
      if (options.enabled) await limiters.get(policy)!.own.reward(key)
    },
    async giveBack(policy, key) {
      if (!options.enabled) return
      const { shared, own } = limiters.get(policy)!
      await breaker.whileAnswering(shared.getKey(key), () => shared.reward(key)).catch(() => own.reward(key))
    },
  }
}

function decisionOf(policy: RatePolicyName, points: number, result: RateLimiterRes): RateDecision {
  return {
    allowed: result.consumedPoints <= points,
    limit: points,
    windowSeconds: RATE_POLICIES[policy].seconds,
    remaining: Math.max(0, result.remainingPoints),
    resetSeconds: Math.max(1, Math.ceil(result.msBeforeNext / 1000)),
  }
}

/** The counters of an account in Redis, for when it is erased. Those of its sessions, its name and networks end by themselves. */
export function accountCounterKeys(userId: string): string[] {
  const policies = Object.keys(RATE_POLICIES) as RatePolicyName[]
  return [
    ...policies.map((policy) => `rate:${policy}:user:${userId}`),
    `rate:currentPassword:${userId}`,
    `rate:secondFactorAccount:${userId}`,
  ]
}

/** Returns a refusal as a result, not as an error. */
function count(limiter: RateLimiterAbstract, key: string, cost: number): Promise<RateLimiterRes> {
  return limiter.consume(key, cost).catch((refused: unknown) => {
    if (refused instanceof RateLimiterRes) return refused
    throw refused
  })
}
