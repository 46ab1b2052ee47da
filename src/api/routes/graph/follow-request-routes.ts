import { signedIn } from '../../middlewares/identity.ts'
import { limit } from '../../middlewares/limit.ts'
import { listed, presentPage } from '../../middlewares/listed.ts'
import { valid } from '../../middlewares/valid.ts'
import type { Routes } from '../../routing.ts'
import { ApproveFollowRequest, DeclineFollowRequest, ListFollowRequests } from './follow-request-schema.ts'

export function followRequestRoutes(routes: Routes): void {
  routes.get(
    '/me/follow-requests',
    limit('read'),
    signedIn(),
    valid(ListFollowRequests),
    listed(),
    async (ctx) => {
      ctx.body = presentPage(await ctx.services.followRequests.received(ctx.list), ctx.people.user)
    },
  )

  routes.put(
    '/me/follow-requests/:username',
    limit('write'),
    signedIn(),
    valid(ApproveFollowRequest),
    async (ctx) => {
      await ctx.services.followRequests.approve(ctx.viewer.userId, ctx.input.params.username)
      ctx.status = 204
    },
  )

  routes.delete(
    '/me/follow-requests/:username',
    limit('write'),
    signedIn(),
    valid(DeclineFollowRequest),
    async (ctx) => {
      await ctx.services.followRequests.decline(ctx.viewer.userId, ctx.input.params.username)
      ctx.status = 204
    },
  )
}
