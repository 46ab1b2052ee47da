import { signedIn } from '../../middlewares/identity.ts'
import { limit } from '../../middlewares/limit.ts'
import { valid } from '../../middlewares/valid.ts'
import { assertMay } from '../../policies.ts'
import type { Routes } from '../../routing.ts'
import { DismissSuggestedTag, ListSuggestedTags } from './suggested-tags-schema.ts'

export function suggestedTagRoutes(routes: Routes): void {
  routes.get(
    '/photos/:photoId/suggested-tags',
    limit('read'),
    signedIn(),
    valid(ListSuggestedTags),
    async (ctx) => {
      const photo = await ctx.services.photos.get(ctx.viewer, ctx.input.params.photoId)
      assertMay(ctx.viewer, 'see suggested tags of', photo)
      ctx.body = { items: await ctx.services.suggestedTags.list(photo.photoId) }
    },
  )

  routes.delete(
    '/photos/:photoId/suggested-tags/:tag',
    limit('write'),
    signedIn(),
    valid(DismissSuggestedTag),
    async (ctx) => {
      const { photoId, tag } = ctx.input.params
      const photo = await ctx.services.photos.get(ctx.viewer, photoId)
      assertMay(ctx.viewer, 'dismiss suggested tags of', photo)
      await ctx.services.suggestedTags.dismiss(photo.photoId, tag)
      ctx.status = 204
    },
  )
}
