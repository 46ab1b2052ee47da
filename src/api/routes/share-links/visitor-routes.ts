import { limitAddress } from '../../middlewares/limit.ts'
import { listed, presentPage } from '../../middlewares/listed.ts'
import { valid } from '../../middlewares/valid.ts'
import type { Routes } from '../../routing.ts'
import { presentUpload } from '../uploads/presenter.ts'
import { presentShared, type SharedPhotoOptions } from './presenter.ts'
import { unlisted, visiting } from './visit.ts'
import { CompleteGuestUpload, GetShared, openGuestUpload } from './visitor-schema.ts'

/** For whoever has a link. */
export function visitorRoutes(
  routes: Routes,
  options: SharedPhotoOptions & { MAX_UPLOAD_BYTES: number },
): void {
  routes.get(
    '/share/:token',
    unlisted(),
    limitAddress('share'),
    valid(GetShared),
    visiting('views'),
    listed(),
    async (ctx) => {
      const { album, photos } = await ctx.services.readSharedAlbum(ctx.list)
      ctx.body = {
        album: { ...album, expiresAt: album.expiresAt?.toISOString() ?? null },
        ...presentPage(photos, (card) => presentShared(card, ctx.link, options)),
        session: ctx.session,
      }
    },
  )

  const OpenGuestUpload = openGuestUpload(options.MAX_UPLOAD_BYTES)
  routes.post(
    '/share/:token/uploads',
    unlisted(),
    limitAddress('guestUpload'),
    valid(OpenGuestUpload),
    visiting('nothing'),
    async (ctx) => {
      const { contentType, bytes, sha256, name } = ctx.input.body
      const photo = { contentType, bytes, sha256, name: name ?? null }
      const { upload, ticket } = await ctx.services.guestUploads.open(ctx.link, photo)
      ctx.status = 201
      ctx.body = { upload: presentUpload(upload), ticket }
    },
  )

  routes.post(
    '/share/:token/uploads/:ticket/complete',
    unlisted(),
    limitAddress('guestUpload'),
    valid(CompleteGuestUpload),
    visiting('nothing'),
    async (ctx) => {
      await ctx.services.guestUploads.complete(ctx.link, ctx.input.params.ticket)
      ctx.status = 204
    },
  )
}
