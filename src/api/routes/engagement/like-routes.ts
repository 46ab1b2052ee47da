import { maybeSignedIn, signedIn } from '../../middlewares/identity.ts'
import { limit } from '../../middlewares/limit.ts'
import { listed, presentPage } from '../../middlewares/listed.ts'
import { valid } from '../../middlewares/valid.ts'
import type { Routes } from '../../routing.ts'
import { LikePhoto, ListLikes, UnlikePhoto } from './like-schema.ts'

export function likeRoutes(routes: Routes): void {
  routes.put('/photos/:photoId/like', limit('like'), signedIn(), valid(LikePhoto), async (ctx) => {
    await ctx.services.likes.like(ctx.viewer.userId, ctx.input.params.photoId)
    ctx.status = 204
  })

  routes.delete('/photos/:photoId/like', limit('like'), signedIn(), valid(UnlikePhoto), async (ctx) => {
    await ctx.services.likes.unlike(ctx.viewer.userId, ctx.input.params.photoId)
    ctx.status = 204
  })

  routes.get(
    '/photos/:photoId/likes',
    limit('read'),
    maybeSignedIn(),
    valid(ListLikes),
    listed(),
    async (ctx) => {
      const page = await ctx.services.likes.list(ctx.list, ctx.input.params.photoId)
      ctx.body = presentPage(page, ctx.people.user)
    },
  )
}
