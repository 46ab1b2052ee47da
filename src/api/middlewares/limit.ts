import { DarkroomError } from '../../domain/errors.ts'
import { LIMITED_COST, RATE_POLICIES, type RatePolicyName } from '../../services/requests/rate-limits.ts'
import { step, type ApiContext, type Step } from '../context.ts'

/**
 * Counts the call against a policy, by account if signed in, else by address. A write of an account that moderation limited
 * counts ten.
 */
export function limit(policy: RatePolicyName): Step {
  return step({ limits: policy }, async (ctx, next) => {
    const { viewer } = ctx.state.identity
    if (viewer.kind === 'user') await consume(ctx, policy, `user:${viewer.userId}`, await costOf(ctx, policy))
    else await consume(ctx, policy, addressKey(ctx))
    await next()
  })
}

async function costOf(ctx: ApiContext, policy: RatePolicyName): Promise<number> {
  const { viewer } = ctx.state.identity
  if (viewer.kind !== 'user' || !('writes' in RATE_POLICIES[policy])) return 1
  return (await ctx.services.standings.of(viewer.userId)).isLimited ? LIMITED_COST : 1
}

/**
 * Counts the call against a policy by address even if signed in, for sign-up and sign-in. Otherwise each new
 * account's token would bring a quota of its own.
 */
export function limitAddress(policy: RatePolicyName): Step {
  return step({ limits: policy }, async (ctx, next) => {
    await consume(ctx, policy, addressKey(ctx))
    await next()
  })
}

export function addressKey(ctx: ApiContext): string {
  return `address:${ctx.state.address}`
}

/**
 * Counts the call against a policy by its target, such as the username of a sign-in.
 * @throws DarkroomError rate_limited
 */
export async function consume(ctx: ApiContext, policy: RatePolicyName, key: string, cost = 1): Promise<void> {
  const decision = await ctx.services.rateLimits.consume(policy, key, cost)
  if (!decision) return
  // draft-ietf-httpapi-ratelimit-headers: the quota and its window, and what is left of it.
  ctx.set('RateLimit-Policy', `"${policy}";q=${decision.limit};w=${decision.windowSeconds}`)
  ctx.set('RateLimit', `"${policy}";r=${decision.remaining};t=${decision.resetSeconds}`)
  if (decision.allowed) return
  throw new DarkroomError('rate_limited', 'Too many requests; see Retry-After.', {
    retryAfterSeconds: decision.resetSeconds,
  })
}
