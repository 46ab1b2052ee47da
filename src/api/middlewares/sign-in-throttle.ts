import { DarkroomError } from '../../domain/errors.ts'
import type { Device } from '../../services/accounts/devices.ts'
import type { PendingSignIn } from '../../services/accounts/two-factor-sign-in.ts'
import type { ApiContext } from '../context.ts'
import { consume, consumeAddress, giveBackAddress } from './limit.ts'

/** The device that a request comes from. */
export function deviceOf(ctx: ApiContext, told: Pick<Device, 'name' | 'refreshToken'> = {}): Device {
  return { userAgent: ctx.get('User-Agent'), network: ctx.state.address, ...told }
}

/**
 * Makes an attempt to sign in, and counts it if it fails: for all names from its network, for the name from its network, and
 * for the name from all networks that the account does not know. Nobody is locked out by others: networks and devices that the
 * account signed in from before are counted by themselves alone.
 * @throws DarkroomError rate_limited, and what the attempt throws
 */
export async function throttleSignIn<T>(
  ctx: ApiContext,
  username: string,
  device: Device,
  attempt: () => Promise<T>,
): Promise<T> {
  const { rateLimits, signInGuard } = ctx.services
  const { isKnown, counter, name } = await signInGuard.recognize(username, device)
  const target = `${name} ${counter}`
  await consume(ctx, 'signInTarget', target)
  if (!isKnown) {
    await consumeAddress(ctx, 'signIn')
    await consume(ctx, 'signInName', name).catch(async (error: unknown) => {
      if (isRateLimited(error)) await signInGuard.blocked(username, device)
      throw error
    })
  }
  const result = await attempt()
  await rateLimits.giveBack('signInTarget', target)
  if (!isKnown) {
    await giveBackAddress(ctx, 'signIn')
    await rateLimits.giveBack('signInName', name)
  }
  return result
}

/**
 * The same for a second factor after the right password: wrong ones count for the account from its device or network, and for the
 * account from all networks that it does not know. Whoever is refused has the password, so that the account is told.
 * @throws DarkroomError rate_limited, and what the attempt throws
 */
export async function throttleSecondFactor<T>(
  ctx: ApiContext,
  { userId, device }: PendingSignIn,
  attempt: () => Promise<T>,
): Promise<T> {
  const { rateLimits, signInGuard } = ctx.services
  const { isKnown, counter } = await signInGuard.recognizeAccount(userId, device)
  const target = `${userId} ${counter}`
  try {
    await consume(ctx, 'secondFactorTarget', target)
    if (!isKnown) await consume(ctx, 'secondFactorAccount', userId)
  } catch (error) {
    if (isRateLimited(error)) await signInGuard.secondFactorBlocked(userId, device)
    throw error
  }
  const result = await attempt()
  await rateLimits.giveBack('secondFactorTarget', target)
  if (!isKnown) await rateLimits.giveBack('secondFactorAccount', userId)
  return result
}

const isRateLimited = (error: unknown) => error instanceof DarkroomError && error.code === 'rate_limited'
