import { signedIn } from '../../middlewares/identity.ts'
import { limit } from '../../middlewares/limit.ts'
import { listed, presentPage } from '../../middlewares/listed.ts'
import { valid } from '../../middlewares/valid.ts'
import type { Routes } from '../../routing.ts'
import type { PresentPhoto } from '../photos/presenter.ts'
import { ApproveDropBoxItem, DeclineDropBoxItem, ListDropBox } from './drop-box-schema.ts'
import { presentOffered } from './presenter.ts'

/** For the owner of an album, about what guests uploaded. */
export function dropBoxRoutes(routes: Routes, present: PresentPhoto): void {
  routes.get(
    '/albums/:albumId/drop-box',
    limit('read'),
    signedIn(),
    valid(ListDropBox),
    listed(),
    async (ctx) => {
      const page = await ctx.services.dropBox.list(ctx.list, ctx.input.params.albumId)
      ctx.body = presentPage(page, (item) => presentOffered(item, ctx.viewer, present))
    },
  )

  routes.put(
    '/albums/:albumId/drop-box/:itemId',
    limit('write'),
    signedIn(),
    valid(ApproveDropBoxItem),
    async (ctx) => {
      const { albumId, itemId } = ctx.input.params
      await ctx.services.dropBox.approve(ctx.viewer, albumId, itemId)
      ctx.status = 204
    },
  )

  routes.delete(
    '/albums/:albumId/drop-box/:itemId',
    limit('write'),
    signedIn(),
    valid(DeclineDropBoxItem),
    async (ctx) => {
      const { albumId, itemId } = ctx.input.params
      await ctx.services.dropBox.decline(ctx.viewer, albumId, itemId)
      ctx.status = 204
    },
  )
}
