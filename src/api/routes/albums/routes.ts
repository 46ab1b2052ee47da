import { versionsOf } from '../../etags.ts'
import { idempotent } from '../../middlewares/idempotent.ts'
import { signedIn } from '../../middlewares/identity.ts'
import { limit } from '../../middlewares/limit.ts'
import { listed, presentPage, reading } from '../../middlewares/listed.ts'
import { valid } from '../../middlewares/valid.ts'
import type { Routes } from '../../routing.ts'
import type { PresentPhoto } from '../photos/presenter.ts'
import { presentAlbum } from './presenter.ts'
import {
  CreateAlbum,
  DeleteAlbum,
  GetAlbum,
  ListAlbumPhotos,
  ListMyAlbums,
  ListPhotoAlbums,
  ListUserAlbums,
  PutAlbumPhoto,
  RemoveAlbumPhoto,
  UpdateAlbum,
} from './schema.ts'
import { replayAlbum } from './replay.ts'

export function albumRoutes(routes: Routes, present: PresentPhoto): void {
  routes.post(
    '/albums',
    limit('write'),
    signedIn(),
    valid(CreateAlbum),
    idempotent(replayAlbum(present)),
    async (ctx) => {
      const { title, description, visibility, order, coverPhotoId } = ctx.input.body
      const card = await ctx.services.albums.create(
        ctx.viewer,
        {
          title,
          description: description ?? null,
          visibility: visibility ?? 'public',
          order: order ?? 'position',
          coverPhotoId: coverPhotoId ?? null,
        },
        ctx.firstRun,
      )
      ctx.status = 201
      ctx.set('Location', `/v1/albums/${card.albumId}`)
      ctx.body = { album: presentAlbum(card, ctx, present) }
    },
  )

  routes.get('/albums/:albumId', limit('read'), signedIn(), valid(GetAlbum), reading(), async (ctx) => {
    const card = await ctx.services.albums.get(ctx.reader, ctx.input.params.albumId)
    ctx.state.version = card.version
    ctx.body = { album: presentAlbum(card, ctx, present) }
  })

  routes.patch('/albums/:albumId', limit('write'), signedIn(), valid(UpdateAlbum), async (ctx) => {
    const { params, body } = ctx.input
    const card = await ctx.services.albums.update(
      ctx.viewer,
      params.albumId,
      body,
      versionsOf(ctx.get('If-Match')),
    )
    ctx.state.version = card.version
    ctx.body = { album: presentAlbum(card, ctx, present) }
  })

  routes.delete('/albums/:albumId', limit('write'), signedIn(), valid(DeleteAlbum), async (ctx) => {
    await ctx.services.albums.delete(ctx.viewer, ctx.input.params.albumId)
    ctx.status = 204
  })

  routes.get('/me/albums', limit('read'), signedIn(), valid(ListMyAlbums), listed(), async (ctx) => {
    const page = await ctx.services.albumLists.mine(ctx.list)
    ctx.body = presentPage(page, (card) => presentAlbum(card, ctx, present))
  })

  routes.get(
    '/users/:username/albums',
    limit('read'),
    signedIn(),
    valid(ListUserAlbums),
    listed(),
    async (ctx) => {
      const page = await ctx.services.albumLists.ofUser(ctx.list, ctx.input.params.username)
      ctx.body = presentPage(page, (card) => presentAlbum(card, ctx, present))
    },
  )

  routes.get(
    '/photos/:photoId/albums',
    limit('read'),
    signedIn(),
    valid(ListPhotoAlbums),
    listed(),
    async (ctx) => {
      const page = await ctx.services.albumLists.ofPhoto(ctx.list, ctx.input.params.photoId)
      ctx.body = presentPage(page, (card) => presentAlbum(card, ctx, present))
    },
  )

  routes.get(
    '/albums/:albumId/photos',
    limit('read'),
    signedIn(),
    valid(ListAlbumPhotos),
    listed(),
    async (ctx) => {
      const page = await ctx.services.albumPhotos.list(ctx.list, ctx.input.params.albumId)
      ctx.body = presentPage(page, (card) => present(card, ctx.viewer))
    },
  )

  routes.put(
    '/albums/:albumId/photos/:photoId',
    limit('write'),
    signedIn(),
    valid(PutAlbumPhoto),
    async (ctx) => {
      const { params, body } = ctx.input
      await ctx.services.albumPhotos.put(ctx.viewer, params.albumId, params.photoId, {
        index: body?.position,
        shownByLinks: body?.shownByLinks,
      })
      ctx.status = 204
    },
  )

  routes.delete(
    '/albums/:albumId/photos/:photoId',
    limit('write'),
    signedIn(),
    valid(RemoveAlbumPhoto),
    async (ctx) => {
      const { albumId, photoId } = ctx.input.params
      await ctx.services.albumPhotos.remove(ctx.viewer, albumId, photoId)
      ctx.status = 204
    },
  )
}
