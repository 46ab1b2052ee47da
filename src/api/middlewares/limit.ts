import { DarkroomError } from '../../domain/errors.ts'
import {
  LIMITED_COST,
  RATE_POLICIES,
  type RateDecision,
  type RatePolicyName,
} from '../../services/requests/rate-limits.ts'
import { step, type ApiContext, type Step } from '../context.ts'

/**
 * Counts the call against a policy, by account if signed in, else by address. A write of an account that moderation limited
 * counts ten.
 */
export function limit(policy: RatePolicyName): Step {
  return step({ limits: policy }, async (ctx, next) => {
    const { viewer } = ctx.state.identity
    if (viewer.kind === 'user') {
      // Many accounts behind one address have a common ceiling; its own process counts it, which costs no question to Redis.
      refuseUnless(ctx, 'address', await ctx.services.rateLimits.consumeHere('address', addressKey(ctx)))
      await consume(ctx, policy, `user:${viewer.userId}`, await costOf(ctx, policy))
    } else await consume(ctx, policy, addressKey(ctx))
    await next()
  })
}

async function costOf(ctx: ApiContext, policy: RatePolicyName): Promise<number> {
  const { viewer } = ctx.state.identity
  if (viewer.kind !== 'user' || !('writes' in RATE_POLICIES[policy])) return 1
  return (await ctx.services.standings.of(viewer.userId)).isLimited ? LIMITED_COST : 1
}

/** What is counted by address is counted by the network around it too, for whoever has many addresses. */
const PREFIX_POLICIES: Partial<Record<RatePolicyName, RatePolicyName>> = {
  signUp: 'signUpPrefix',
  signIn: 'signInPrefix',
  refresh: 'refreshPrefix',
  signInStep: 'signInStepPrefix',
}

/**
 * Counts the call against a policy by address even if signed in, as for sign-up. Otherwise each new account's token would bring a
 * quota of its own.
 */
export function limitAddress(policy: RatePolicyName): Step {
  return step({ limits: policy }, async (ctx, next) => {
    await consumeAddress(ctx, policy)
    await next()
  })
}

/** Says that the route counts its calls against a policy by itself. */
export function limitedBy(policy: RatePolicyName): Step {
  return step({ limits: policy }, (_ctx, next) => next())
}

export function addressKey(ctx: ApiContext): string {
  return `address:${ctx.state.address}`
}

/** @throws DarkroomError rate_limited */
export async function consumeAddress(ctx: ApiContext, policy: RatePolicyName): Promise<void> {
  for (const [name, key] of addressCounters(ctx, policy)) await consume(ctx, name, key)
}

/**
 * Runs what asks the database before any route has counted the call, unless too much of it failed from this address in this process: it costs
 * Redis nothing, and only what throws counts.
 * @throws DarkroomError rate_limited
 */
export async function countFailuresHere<Result>(
  ctx: ApiContext,
  policy: RatePolicyName,
  work: () => Promise<Result>,
): Promise<Result> {
  const { rateLimits } = ctx.services
  // Counted before, so that of many at once no more are let through.
  refuseUnless(ctx, policy, await rateLimits.consumeHere(policy, addressKey(ctx)))
  const result = await work()
  await rateLimits.giveBackHere(policy, addressKey(ctx))
  return result
}

/** Takes a call back that turned out not to count. */
export async function giveBackAddress(ctx: ApiContext, policy: RatePolicyName): Promise<void> {
  for (const [name, key] of addressCounters(ctx, policy)) await ctx.services.rateLimits.giveBack(name, key)
}

function addressCounters(ctx: ApiContext, policy: RatePolicyName): [RatePolicyName, string][] {
  const prefixPolicy = PREFIX_POLICIES[policy]
  const own: [RatePolicyName, string] = [policy, addressKey(ctx)]
  // The narrower one last: what its headers say is what a client can do something about.
  return prefixPolicy ? [[prefixPolicy, `prefix:${ctx.state.prefix}`], own] : [own]
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
  refuseUnless(ctx, policy, decision)
}

function refuseUnless(ctx: ApiContext, policy: RatePolicyName, decision: RateDecision | undefined): void {
  if (!decision || decision.allowed) return
  ctx.state.logger.debug({ policy }, 'rate limit reached')
  throw new DarkroomError('rate_limited', 'Too many requests; see Retry-After.', {
    retryAfterSeconds: decision.resetSeconds,
  })
}
