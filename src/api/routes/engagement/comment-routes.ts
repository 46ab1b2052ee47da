import { DarkroomError } from '../../../domain/errors.ts'
import type { AnonymousViewer } from '../../../domain/viewer.ts'
import type { ApiContext, SignedIn } from '../../context.ts'
import { versionsOf } from '../../etags.ts'
import { idempotent } from '../../middlewares/idempotent.ts'
import { maybeSignedIn, signedIn } from '../../middlewares/identity.ts'
import { limit } from '../../middlewares/limit.ts'
import { listed, presentPage, reading } from '../../middlewares/listed.ts'
import { valid } from '../../middlewares/valid.ts'
import { assertMayDeleteComment, assertMayEditComment } from '../../policies.ts'
import type { Routes } from '../../routing.ts'
import { presentComment } from './comment-presenter.ts'
import { CreateComment, DeleteComment, GetComment, ListComments, UpdateComment } from './comment-schema.ts'
import { replayComment } from './replay.ts'

export function commentRoutes(routes: Routes): void {
  routes.get(
    '/photos/:photoId/comments',
    limit('read'),
    maybeSignedIn(),
    valid(ListComments),
    listed(),
    async (ctx) => {
      const { params, query } = ctx.input
      const page = await ctx.services.comments.list(ctx.list, params.photoId, query.parentId)
      ctx.body = presentPage(page, (comment) => presentComment(comment, ctx.people))
    },
  )

  routes.post(
    '/photos/:photoId/comments',
    limit('comment'),
    signedIn(),
    valid(CreateComment),
    idempotent(replayComment()),
    async (ctx) => {
      const { params, body } = ctx.input
      const comment = await ctx.services.comments.create(
        ctx.viewer.userId,
        params.photoId,
        { text: body.text, parentId: body.parentId },
        ctx.firstRun,
      )
      ctx.status = 201
      ctx.set('Location', `/v1/comments/${comment.commentId}`)
      ctx.body = { comment: presentComment(comment, ctx.people) }
    },
  )

  routes.get(
    '/comments/:commentId',
    limit('read'),
    maybeSignedIn(),
    valid(GetComment),
    reading(),
    async (ctx) => {
      const { commentId } = ctx.input.params
      const comment = await orAsModerator(ctx, (moderates) =>
        ctx.services.comments.read(ctx.reader, commentId, moderates),
      )
      ctx.state.version = comment.version
      ctx.body = { comment: presentComment(comment, ctx.people) }
    },
  )

  routes.patch('/comments/:commentId', limit('comment'), signedIn(), valid(UpdateComment), async (ctx) => {
    const found = await ctx.services.comments.get(ctx.viewer, ctx.input.params.commentId)
    assertMayEditComment(ctx.viewer, found)
    const comment = await ctx.services.comments.edit(
      found,
      ctx.input.body.text,
      versionsOf(ctx.get('If-Match')),
    )
    ctx.state.version = comment.version
    ctx.body = { comment: presentComment(comment, ctx.people) }
  })

  routes.delete('/comments/:commentId', limit('write'), signedIn(), valid(DeleteComment), async (ctx) => {
    const isModerator = await ctx.services.staff.moderates(ctx.viewer)
    const comment = await ctx.services.comments.get(ctx.viewer, ctx.input.params.commentId, isModerator)
    assertMayDeleteComment({ ...ctx.viewer, isModerator }, comment)
    await ctx.services.comments.delete(comment)
    ctx.status = 204
  })
}

/** Asks whether the viewer moderates only about what they do not find as an account like any other, so that reads do not pay for it. */
async function orAsModerator<Found>(
  { viewer, services }: Pick<ApiContext, 'services'> & { viewer: SignedIn | AnonymousViewer },
  find: (moderates: boolean) => Promise<Found>,
): Promise<Found> {
  try {
    return await find(false)
  } catch (error) {
    const isHidden = error instanceof DarkroomError && error.code === 'not_found'
    if (!isHidden || viewer.kind !== 'user' || !(await services.staff.moderates(viewer))) throw error
    return find(true)
  }
}
