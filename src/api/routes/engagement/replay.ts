import type { KeptAnswer } from '../../../services/requests/idempotency.ts'
import type { ApiContext, SignedIn } from '../../context.ts'
import { presentComment } from './comment-presenter.ts'

type Kept = Extract<KeptAnswer, { resourceId: string }>

/** Shows the comment that the first POST created, as it is now. */
export const replayComment = () => async (ctx: ApiContext & { viewer: SignedIn }, kept: Kept) => {
  const comment = await ctx.services.comments.get(ctx.viewer, kept.resourceId)
  ctx.set('Location', `/v1/comments/${comment.commentId}`)
  ctx.body = { comment: presentComment(comment, ctx.people) }
}
