import type { KeptAnswer } from '../../../services/requests/idempotency.ts'
import type { ApiContext, SignedIn } from '../../context.ts'
import type { PresentPhoto } from '../photos/presenter.ts'
import { presentAlbum } from './presenter.ts'

type Kept = Extract<KeptAnswer, { resourceId: string }>

/** Shows the album that the first POST created. */
export const replayAlbum =
  (present: PresentPhoto) => async (ctx: ApiContext & { viewer: SignedIn }, kept: Kept) => {
    const reader = await ctx.services.lists.reader(ctx.viewer)
    const card = await ctx.services.albums.get(reader, kept.resourceId)
    ctx.set('Location', `/v1/albums/${card.albumId}`)
    ctx.body = { album: presentAlbum(card, ctx, present) }
  }
