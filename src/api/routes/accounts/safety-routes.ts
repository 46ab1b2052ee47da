import { signedIn } from '../../middlewares/identity.ts'
import { consume, limit } from '../../middlewares/limit.ts'
import { listed, presentPage } from '../../middlewares/listed.ts'
import { deviceOf } from '../../middlewares/sign-in-throttle.ts'
import { valid } from '../../middlewares/valid.ts'
import type { Routes } from '../../routing.ts'
import type { ShownSecurityEvent } from '../../../services/accounts/security-events.ts'
import { ChangePassword, ListSecurityEvents } from './safety-schema.ts'

/** What keeps an account safe, beside its sessions. */
export function safetyRoutes(routes: Routes): void {
  routes.put('/me/password', limit('write'), signedIn(), valid(ChangePassword), async (ctx) => {
    const { userId } = ctx.viewer
    await consume(ctx, 'currentPassword', userId)
    await ctx.services.changePassword(ctx.viewer, ctx.input.body, deviceOf(ctx))
    await ctx.services.rateLimits.giveBack('currentPassword', userId)
    ctx.status = 204
  })

  routes.get(
    '/me/security-events',
    limit('read'),
    signedIn(),
    valid(ListSecurityEvents),
    listed(),
    async (ctx) => {
      ctx.body = presentPage(await ctx.services.securityEvents.list(ctx.list), presentSecurityEvent)
    },
  )
}

function presentSecurityEvent(event: ShownSecurityEvent) {
  return {
    id: event.security_event_id,
    kind: event.kind,
    userAgent: event.user_agent,
    network: event.network.toString('hex'),
    createdAt: event.created_at.toISOString(),
  }
}
