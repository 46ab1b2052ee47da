import { signedIn } from '../../middlewares/identity.ts'
import { limit } from '../../middlewares/limit.ts'
import { listed, presentPage } from '../../middlewares/listed.ts'
import { valid } from '../../middlewares/valid.ts'
import type { Routes } from '../../routing.ts'
import { BlockUser, ListBlocks, ListMutes, MuteUser, UnblockUser, UnmuteUser } from './block-schema.ts'

export function blockRoutes(routes: Routes): void {
  routes.put('/users/:username/block', limit('write'), signedIn(), valid(BlockUser), async (ctx) => {
    await ctx.services.blocks.block(ctx.viewer.userId, ctx.input.params.username)
    ctx.status = 204
  })

  routes.delete('/users/:username/block', limit('write'), signedIn(), valid(UnblockUser), async (ctx) => {
    await ctx.services.blocks.unblock(ctx.viewer.userId, ctx.input.params.username)
    ctx.status = 204
  })

  routes.get('/me/blocks', limit('read'), signedIn(), valid(ListBlocks), listed(), async (ctx) => {
    ctx.body = presentPage(await ctx.services.blocks.made(ctx.list), ctx.people.user)
  })

  routes.put('/users/:username/mute', limit('write'), signedIn(), valid(MuteUser), async (ctx) => {
    const { params, body } = ctx.input
    await ctx.services.mutes.mute(ctx.viewer.userId, params.username, body?.until ?? null)
    ctx.status = 204
  })

  routes.delete('/users/:username/mute', limit('write'), signedIn(), valid(UnmuteUser), async (ctx) => {
    await ctx.services.mutes.unmute(ctx.viewer.userId, ctx.input.params.username)
    ctx.status = 204
  })

  routes.get('/me/mutes', limit('read'), signedIn(), valid(ListMutes), listed(), async (ctx) => {
    const page = await ctx.services.mutes.made(ctx.list)
    ctx.body = presentPage(page, ({ account, until }) => ({
      ...ctx.people.user(account),
      until: until?.toISOString() ?? null,
    }))
  })
}
