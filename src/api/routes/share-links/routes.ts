import { viewerKey } from '../../../domain/viewer.ts'
import { signedIn } from '../../middlewares/identity.ts'
import { limit } from '../../middlewares/limit.ts'
import { listed, presentPage } from '../../middlewares/listed.ts'
import { valid } from '../../middlewares/valid.ts'
import type { Routes } from '../../routing.ts'
import { presentLink } from './presenter.ts'
import { CreateShareLink, ListShareLinks, RevokeShareLink } from './schema.ts'

/** For those who make links. @param publicUrl of the API */
export function shareLinkRoutes(routes: Routes, publicUrl: string): void {
  const urlOf = (token: string) => `${publicUrl.replace(/\/+$/, '')}/v1/share/${token}`

  routes.post(
    '/albums/:albumId/share-links',
    limit('shareLink'),
    signedIn(),
    valid(CreateShareLink),
    async (ctx) => {
      const { params, body } = ctx.input
      const { link, token } = await ctx.services.shareLinks.create(ctx.viewer, params.albumId, {
        label: body.label ?? null,
        password: body.password ?? null,
        expiresAt: body.expiresAt ?? null,
        maxViews: body.maxViews ?? null,
        allowUpload: body.allowUpload ?? false,
      })
      // Whoever opens it now finds it.
      await ctx.services.ownWrites.mark(viewerKey({ kind: 'link', linkId: link.linkId }))
      ctx.status = 201
      ctx.set('Cache-Control', 'no-store')
      ctx.body = { link: { ...presentLink(link), url: urlOf(token), token } }
    },
  )

  routes.get(
    '/albums/:albumId/share-links',
    limit('read'),
    signedIn(),
    valid(ListShareLinks),
    listed(),
    async (ctx) => {
      const page = await ctx.services.shareLinks.list(ctx.list, ctx.input.params.albumId)
      ctx.body = presentPage(page, presentLink)
    },
  )

  routes.delete(
    '/albums/:albumId/share-links/:linkId',
    limit('write'),
    signedIn(),
    valid(RevokeShareLink),
    async (ctx) => {
      const { albumId, linkId } = ctx.input.params
      await ctx.services.shareLinks.revoke(ctx.viewer, albumId, linkId)
      ctx.status = 204
    },
  )
}
