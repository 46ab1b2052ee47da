import { signedIn } from '../../middlewares/identity.ts'
import { limit, limitAddress } from '../../middlewares/limit.ts'
import { assertPresent } from '../../middlewares/presence.ts'
import { deviceOf } from '../../middlewares/sign-in-throttle.ts'
import { valid } from '../../middlewares/valid.ts'
import type { Routes } from '../../routing.ts'
import { presentErasure } from './presenter.ts'
import { Deactivate, EraseAccount, GetErasure } from './schema.ts'

export function leavingRoutes(routes: Routes): void {
  routes.post('/me/deactivate', limit('write'), signedIn(), valid(Deactivate), async (ctx) => {
    await assertPresent(ctx, ctx.input.body)
    await ctx.services.deactivate(ctx.viewer.userId, deviceOf(ctx))
    ctx.status = 204
  })

  routes.delete('/me', limit('write'), signedIn(), valid(EraseAccount), async (ctx) => {
    await assertPresent(ctx, ctx.input.body)
    const { userId } = ctx.viewer
    const { erasureId, startsAt, secret } = await ctx.services.requestErasure(userId, deviceOf(ctx))
    ctx.status = 202
    ctx.set('Cache-Control', 'no-store')
    ctx.body = { erasure: { id: erasureId, startsAt: startsAt.toISOString(), secret } }
  })

  routes.get('/me/erasure', limitAddress('erasure'), valid(GetErasure), async (ctx) => {
    const erasure = await ctx.services.readErasure(ctx.input.query.id, ctx.get('X-Erasure-Secret'))
    ctx.set('Cache-Control', 'no-store')
    ctx.body = { erasure: presentErasure(erasure) }
  })
}
