import { signedIn } from '../../middlewares/identity.ts'
import { limit } from '../../middlewares/limit.ts'
import { listed, presentPage } from '../../middlewares/listed.ts'
import { valid } from '../../middlewares/valid.ts'
import type { Routes } from '../../routing.ts'
import type { PresentPhoto } from '../photos/presenter.ts'
import {
  LeaveAlbum,
  ListAlbumActivity,
  ListAlbumMembers,
  PutAlbumMember,
  RemoveAlbumMember,
  TransferAlbum,
} from './member-schema.ts'
import { presentActivity, presentAlbum, presentMember } from './presenter.ts'

export function albumMemberRoutes(routes: Routes, present: PresentPhoto): void {
  routes.get(
    '/albums/:albumId/members',
    limit('read'),
    signedIn(),
    valid(ListAlbumMembers),
    listed(),
    async (ctx) => {
      const page = await ctx.services.albumMembers.list(ctx.list, ctx.input.params.albumId)
      ctx.body = presentPage(page, (member) => presentMember(member, ctx.people))
    },
  )

  // Before the routes with a name: it is not the member whose name is "me".
  routes.delete('/albums/:albumId/members/me', limit('write'), signedIn(), valid(LeaveAlbum), async (ctx) => {
    await ctx.services.albumMembers.leave(ctx.viewer, ctx.input.params.albumId)
    ctx.status = 204
  })

  routes.put(
    '/albums/:albumId/members/:username',
    limit('write'),
    signedIn(),
    valid(PutAlbumMember),
    async (ctx) => {
      const { params, body } = ctx.input
      const member = await ctx.services.albumMembers.put(
        ctx.viewer,
        params.albumId,
        params.username,
        body.role,
      )
      ctx.body = { member: presentMember(member, ctx.people) }
    },
  )

  routes.delete(
    '/albums/:albumId/members/:username',
    limit('write'),
    signedIn(),
    valid(RemoveAlbumMember),
    async (ctx) => {
      const { albumId, username } = ctx.input.params
      await ctx.services.albumMembers.remove(ctx.viewer, albumId, username)
      ctx.status = 204
    },
  )

  routes.put('/albums/:albumId/owner', limit('write'), signedIn(), valid(TransferAlbum), async (ctx) => {
    const { params, body } = ctx.input
    const card = await ctx.services.albumMembers.transfer(ctx.viewer, params.albumId, body.username)
    ctx.body = { album: presentAlbum(card, ctx, present) }
  })

  routes.get(
    '/albums/:albumId/activity',
    limit('read'),
    signedIn(),
    valid(ListAlbumActivity),
    listed(),
    async (ctx) => {
      const page = await ctx.services.albumActivities.list(ctx.list, ctx.input.params.albumId)
      ctx.body = presentPage(page, (activity) => presentActivity(activity, ctx.people))
    },
  )
}
