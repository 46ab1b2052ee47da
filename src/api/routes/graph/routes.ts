import { signedIn } from '../../middlewares/identity.ts'
import { limit } from '../../middlewares/limit.ts'
import { valid } from '../../middlewares/valid.ts'
import type { Routes } from '../../routing.ts'
import { FollowUser, RemoveFollower, UnfollowUser } from './schema.ts'

export function graphRoutes(routes: Routes): void {
  routes.put('/users/:username/follow', limit('write'), signedIn(), valid(FollowUser), async (ctx) => {
    const status = await ctx.services.follows.follow(ctx.viewer.userId, ctx.input.params.username)
    ctx.body = { status }
  })

  routes.delete('/users/:username/follow', limit('write'), signedIn(), valid(UnfollowUser), async (ctx) => {
    await ctx.services.follows.unfollow(ctx.viewer.userId, ctx.input.params.username)
    ctx.status = 204
  })

  routes.delete('/me/followers/:username', limit('write'), signedIn(), valid(RemoveFollower), async (ctx) => {
    await ctx.services.follows.removeFollower(ctx.viewer.userId, ctx.input.params.username)
    ctx.status = 204
  })
}
