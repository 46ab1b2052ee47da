import type { ApiContext, SignedIn } from '../../context.ts'
import { signedIn } from '../../middlewares/identity.ts'
import { consume, limit } from '../../middlewares/limit.ts'
import { deviceOf } from '../../middlewares/sign-in-throttle.ts'
import { valid } from '../../middlewares/valid.ts'
import type { Routes } from '../../routing.ts'
import { Deactivate } from './schema.ts'

export function leavingRoutes(routes: Routes): void {
  routes.post('/me/deactivate', limit('write'), signedIn(), valid(Deactivate), async (ctx) => {
    await confirm(ctx, ctx.viewer, ctx.input.body.password)
    await ctx.services.deactivate(ctx.viewer.userId)
    ctx.status = 204
  })
}

/** Only wrong passwords count. @throws DarkroomError invalid, rate_limited */
async function confirm(ctx: ApiContext, { userId }: SignedIn, password: string): Promise<void> {
  await consume(ctx, 'currentPassword', userId)
  await ctx.services.confirmPassword(userId, password, deviceOf(ctx))
  await ctx.services.rateLimits.giveBack('currentPassword', userId)
}
