import { idempotent } from '../../middlewares/idempotent.ts'
import { signedIn } from '../../middlewares/identity.ts'
import { limit } from '../../middlewares/limit.ts'
import { valid } from '../../middlewares/valid.ts'
import { assertMay } from '../../policies.ts'
import type { Routes } from '../../routing.ts'
import { untilClosed } from '../../until-closed.ts'
import type { PresentPhoto } from '../photos/presenter.ts'
import { presentTarget } from './presenter.ts'
import { replayOpened, replayPhoto, replayUpload } from './replay.ts'
import {
  AbortUpload,
  CompleteUpload,
  GetProgress,
  ListParts,
  LookUpOwnPhotos,
  openUpload,
  SignParts,
  SignUploadAnew,
} from './schema.ts'

interface UploadRoutesOptions {
  present: PresentPhoto
  maxUploadBytes: number
}

export function uploadRoutes(routes: Routes, { present, maxUploadBytes }: UploadRoutesOptions): void {
  const OpenUpload = openUpload(maxUploadBytes)
  routes.post(
    '/photos',
    limit('upload'),
    signedIn(),
    valid(OpenUpload),
    idempotent(replayOpened(present)),
    async (ctx) => {
      const { body } = ctx.input
      const { card, upload } = await ctx.services.pendingUploads.open(
        ctx.viewer.userId,
        {
          contentType: body.contentType,
          bytes: body.bytes,
          sha256: body.sha256,
          caption: body.caption ?? null,
          altText: body.altText ?? null,
          visibility: body.visibility ?? 'public',
          shareLocation: body.shareLocation ?? false,
          shareCamera: body.shareCamera ?? false,
          shareTakenAt: body.shareTakenAt ?? true,
          shareText: body.shareText ?? false,
          allowDownload: body.allowDownload ?? false,
          commentPolicy: body.commentPolicy ?? null,
          sensitive: body.sensitive ?? false,
          takenAt: body.takenAt,
          location: body.location,
        },
        { albumId: body.albumId, multipart: body.multipart, first: ctx.firstRun },
      )
      ctx.status = 201
      ctx.set('Location', `/v1/photos/${card.photoId}`)
      ctx.body = { photo: present(card, ctx.viewer), upload: presentTarget(upload) }
    },
  )

  routes.post(
    '/photos/:photoId/upload',
    limit('upload'),
    signedIn(),
    valid(SignUploadAnew),
    idempotent(replayUpload()),
    async (ctx) => {
      const upload = await ctx.services.pendingUploads.signAnew(ctx.viewer.userId, ctx.input.params.photoId)
      ctx.body = { upload: presentTarget(upload) }
      await ctx.firstRun?.keepAfterwards({ status: 200, resourceId: ctx.input.params.photoId })
    },
  )

  routes.post(
    '/photos/:photoId/complete',
    limit('upload'),
    signedIn(),
    valid(CompleteUpload),
    idempotent(replayPhoto(present)),
    async (ctx) => {
      const card = await ctx.services.pendingUploads.complete(
        ctx.viewer.userId,
        ctx.input.params.photoId,
        ctx.input.body?.parts,
      )
      ctx.status = card.status === 'awaiting_upload' || card.status === 'processing' ? 202 : 200
      ctx.body = { photo: present(card, ctx.viewer) }
      await ctx.firstRun?.keepAfterwards({ status: ctx.status, resourceId: card.photoId })
    },
  )

  routes.post('/photos/:photoId/parts', limit('upload'), signedIn(), valid(SignParts), async (ctx) => {
    const { params, body } = ctx.input
    const signed = await ctx.services.multipartUploads.signParts(
      ctx.viewer.userId,
      params.photoId,
      body.numbers,
    )
    ctx.body = { parts: signed.parts, expiresAt: signed.expiresAt.toISOString() }
  })

  routes.get('/photos/:photoId/parts', limit('upload'), signedIn(), valid(ListParts), async (ctx) => {
    const { photoId } = ctx.input.params
    ctx.body = { parts: await ctx.services.multipartUploads.arrivedParts(ctx.viewer.userId, photoId) }
  })

  routes.delete('/photos/:photoId/upload', limit('upload'), signedIn(), valid(AbortUpload), async (ctx) => {
    await ctx.services.pendingUploads.abort(ctx.viewer.userId, ctx.input.params.photoId)
    ctx.status = 204
  })

  routes.post('/me/photos/lookup', limit('read'), signedIn(), valid(LookUpOwnPhotos), async (ctx) => {
    ctx.body = { items: await ctx.services.ownPhotosByHash(ctx.viewer.userId, ctx.input.body.sha256) }
  })

  routes.get('/photos/:photoId/progress', limit('poll'), signedIn(), valid(GetProgress), async (ctx) => {
    const load = async () => {
      const card = await ctx.services.photos.get(ctx.viewer, ctx.input.params.photoId)
      assertMay(ctx.viewer, 'follow progress of', card)
      return card
    }
    const progress = await ctx.services.progress.follow(load, {
      waitSeconds: ctx.input.query.wait,
      signal: AbortSignal.any([untilClosed(ctx), ctx.stopping]),
    })
    // Publishing counts as a write of the owner: their profile and feed show the photo from now on.
    if (progress.status === 'ready') await ctx.services.ownWrites.mark(ctx.viewer.userId)
    ctx.body = progress
  })
}
