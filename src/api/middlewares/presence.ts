import { DarkroomError } from '../../domain/errors.ts'
import type { PresenceProof } from '../../services/accounts/presence.ts'
import type { ApiContext, SignedIn } from '../context.ts'
import { consume } from './limit.ts'
import { deviceOf } from './sign-in-throttle.ts'

/**
 * Asks whoever is signed in for a proof that it is they who ask (`PresenceProofSchema`), before something grave. Wrong ones are counted
 * by session, so that a stolen one locks no other device out.
 * @throws DarkroomError invalid (of the field), rate_limited
 */
export async function assertPresent(
  ctx: ApiContext & { viewer: SignedIn },
  proof: PresenceProof,
): Promise<void> {
  const { presence, rateLimits } = ctx.services
  const counter = `${ctx.viewer.userId} ${ctx.viewer.sessionId}`
  await consume(ctx, 'presence', counter)
  await presence.assert(ctx.viewer, proof, deviceOf(ctx))
  await rateLimits.giveBack('presence', counter)
}

/**
 * The same for what may go without a proof on a device that has just signed in, such as adding a factor.
 * @throws DarkroomError presence_required, invalid (of the field), rate_limited
 */
export async function assertPresentOrJustSignedIn(
  ctx: ApiContext & { viewer: SignedIn },
  proof: PresenceProof | undefined,
): Promise<void> {
  if (proof) return assertPresent(ctx, proof)
  if (await ctx.services.presence.hasJustSignedIn(ctx.viewer)) return
  throw new DarkroomError('presence_required', 'Send your password, a code or a passkey with the request.')
}
