import { signedIn } from '../../middlewares/identity.ts'
import { limit } from '../../middlewares/limit.ts'
import { staff } from '../../middlewares/staff.ts'
import { valid } from '../../middlewares/valid.ts'
import type { Routes } from '../../routing.ts'
import { presentDecision } from './presenter.ts'
import { LiftSuspension, SuspendUser } from './suspension-schema.ts'

export function suspensionRoutes(routes: Routes): void {
  routes.put(
    '/moderation/users/:username/suspension',
    limit('write'),
    signedIn(),
    staff('senior'),
    valid(SuspendUser),
    async (ctx) => {
      const { policy, reason, until } = ctx.input.body
      const decision = await ctx.services.suspensions.put(ctx.staff, ctx.input.params.username, {
        policy,
        reason,
        until: until ? new Date(until) : null,
      })
      ctx.body = { decision: presentDecision(decision) }
    },
  )

  routes.delete(
    '/moderation/users/:username/suspension',
    limit('write'),
    signedIn(),
    staff('senior'),
    valid(LiftSuspension),
    async (ctx) => {
      await ctx.services.suspensions.lift(ctx.staff, ctx.input.params.username, ctx.input.body)
      ctx.status = 204
    },
  )
}
