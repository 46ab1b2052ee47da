import type { z } from 'zod'
import type { AvatarState } from '../../../services/avatars/avatar-uploads.ts'
import type { KeptAnswer } from '../../../services/requests/idempotency.ts'
import type { ApiContext, SignedIn } from '../../context.ts'
import { idempotent } from '../../middlewares/idempotent.ts'
import { signedIn } from '../../middlewares/identity.ts'
import { limit } from '../../middlewares/limit.ts'
import { valid } from '../../middlewares/valid.ts'
import type { Routes } from '../../routing.ts'
import type { PresentPeople } from '../accounts/presenter.ts'
import { presentUpload } from '../uploads/presenter.ts'
import { CompleteAvatar, DeleteAvatar, GetAvatar, OpenAvatar } from './schema.ts'

export function avatarRoutes(routes: Routes): void {
  routes.post(
    '/me/avatar',
    limit('avatar'),
    signedIn(),
    valid(OpenAvatar),
    idempotent(replayOpened),
    async (ctx) => {
      const upload = await ctx.services.avatars.open(ctx.viewer.userId, ctx.input.body, ctx.firstRun)
      ctx.status = 201
      ctx.body = { upload: presentUpload(upload) }
    },
  )

  routes.post('/me/avatar/complete', limit('upload'), signedIn(), valid(CompleteAvatar), async (ctx) => {
    const state = await ctx.services.avatars.complete(ctx.viewer.userId)
    const status = state.upload?.status
    ctx.status = status === 'awaiting_upload' || status === 'processing' ? 202 : 200
    ctx.body = { avatar: presentAvatar(state, ctx.people) }
  })

  routes.get('/me/avatar', limit('poll'), signedIn(), valid(GetAvatar), async (ctx) => {
    const state = await ctx.services.avatars.read(ctx.viewer.userId)
    // Publishing counts as a write of the owner: whatever they read next shows the avatar.
    if (state.upload?.status === 'ready') await ctx.services.ownWrites.mark(ctx.viewer.userId)
    ctx.body = { avatar: presentAvatar(state, ctx.people) }
  })

  routes.delete('/me/avatar', limit('write'), signedIn(), valid(DeleteAvatar), async (ctx) => {
    await ctx.services.avatars.remove(ctx.viewer.userId)
    ctx.status = 204
  })
}

type Kept = Extract<KeptAnswer, { resourceId: string }>

/** Says again where the picture of the first POST goes, while it is awaited. */
async function replayOpened(ctx: ApiContext & { viewer: SignedIn }, kept: Kept): Promise<void> {
  const upload = await ctx.services.avatars.targetOf(ctx.viewer.userId, kept.resourceId)
  ctx.body = { upload: upload && presentUpload(upload) }
}

function presentAvatar(
  state: AvatarState,
  people: PresentPeople,
): z.infer<(typeof GetAvatar)['responses'][200]>['avatar'] {
  const { upload } = state
  return {
    avatarUrl: people.avatarUrl(state),
    upload: upload && {
      status: upload.status,
      ...(upload.failure && { failure: upload.failure }),
      createdAt: upload.createdAt.toISOString(),
    },
  }
}
