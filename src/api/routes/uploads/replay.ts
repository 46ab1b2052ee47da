import type { PhotoId } from '../../../domain/ids.ts'
import type { KeptAnswer } from '../../../services/requests/idempotency.ts'
import type { ApiContext, SignedIn } from '../../context.ts'
import type { PresentPhoto } from '../photos/presenter.ts'
import { presentTarget } from './presenter.ts'

type Kept = Extract<KeptAnswer, { resourceId: PhotoId }>
type Context = ApiContext & { viewer: SignedIn }

/** Shows the photo that the first POST created, and where its original goes while that is awaited. */
export const replayOpened = (present: PresentPhoto) => async (ctx: Context, kept: Kept) => {
  const card = await ctx.services.photos.get(ctx.viewer, kept.resourceId)
  const target = await ctx.services.pendingUploads.targetOf(ctx.viewer.userId, kept.resourceId)
  ctx.set('Location', `/v1/photos/${card.photoId}`)
  ctx.body = { photo: present(card, ctx.viewer), upload: target && presentTarget(target) }
}

export const replayUpload = () => async (ctx: Context, kept: Kept) => {
  ctx.body = {
    upload: presentTarget(await ctx.services.pendingUploads.signAnew(ctx.viewer.userId, kept.resourceId)),
  }
}

export const replayPhoto = (present: PresentPhoto) => async (ctx: Context, kept: Kept) => {
  ctx.body = { photo: present(await ctx.services.photos.get(ctx.viewer, kept.resourceId), ctx.viewer) }
}
