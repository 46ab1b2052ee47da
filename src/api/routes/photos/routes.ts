import { signedIn, maybeSignedIn } from '../../middlewares/identity.ts'
import { limit } from '../../middlewares/limit.ts'
import { listed, presentPage, reading } from '../../middlewares/listed.ts'
import { valid } from '../../middlewares/valid.ts'
import { assertMay } from '../../policies.ts'
import { versionsOf } from '../../etags.ts'
import type { Routes } from '../../routing.ts'
import type { PresentPhoto } from './presenter.ts'
import { DeletePhoto, GetOriginal, GetPhoto, GetPhotos, ListUserPhotos, UpdatePhoto } from './schema.ts'

export function photoRoutes(routes: Routes, present: PresentPhoto): void {
  routes.get('/photos/:photoId', limit('read'), maybeSignedIn(), valid(GetPhoto), async (ctx) => {
    const card = await ctx.services.photos.get(ctx.viewer, ctx.input.params.photoId)
    ctx.state.version = card.version
    ctx.body = { photo: present(card, ctx.viewer) }
  })

  routes.get('/photos', limit('read'), maybeSignedIn(), valid(GetPhotos), reading(), async (ctx) => {
    const cards = await ctx.services.photos.getMany(ctx.reader, ctx.input.query.ids)
    ctx.body = { items: cards.map((card) => present(card, ctx.viewer)) }
  })

  routes.get(
    '/users/:username/photos',
    limit('read'),
    maybeSignedIn(),
    valid(ListUserPhotos),
    listed(),
    async (ctx) => {
      const { photos, profiles } = ctx.services
      const ownerId = await profiles.ownerOfLists(ctx.list, ctx.input.params.username)
      const page = await photos.listOf(ctx.list, ownerId)
      ctx.body = presentPage(page, (card) => present(card, ctx.viewer))
    },
  )

  routes.patch('/photos/:photoId', limit('write'), signedIn(), valid(UpdatePhoto), async (ctx) => {
    const photo = await ctx.services.photos.get(ctx.viewer, ctx.input.params.photoId)
    assertMay(ctx.viewer, 'edit', photo)
    const card = await ctx.services.photos.update(photo, ctx.input.body, versionsOf(ctx.get('If-Match')))
    ctx.state.version = card.version
    ctx.body = { photo: present(card, ctx.viewer) }
  })

  routes.delete('/photos/:photoId', limit('write'), signedIn(), valid(DeletePhoto), async (ctx) => {
    const photo = await ctx.services.photos.get(ctx.viewer, ctx.input.params.photoId)
    assertMay(ctx.viewer, 'delete', photo)
    await ctx.services.photos.delete(photo)
    ctx.status = 204
  })

  routes.get('/photos/:photoId/original', limit('read'), signedIn(), valid(GetOriginal), async (ctx) => {
    const photo = await ctx.services.photos.get(ctx.viewer, ctx.input.params.photoId)
    assertMay(ctx.viewer, 'download the original of', photo)
    const original = await ctx.services.photos.openOriginal(ctx.viewer.userId, photo.photoId)
    ctx.set(
      'Content-Disposition',
      `attachment; filename="${photo.photoId}.${original.contentType.slice('image/'.length)}"`,
    )
    ctx.type = original.contentType
    ctx.length = original.bytes
    ctx.body = original.body
  })
}
