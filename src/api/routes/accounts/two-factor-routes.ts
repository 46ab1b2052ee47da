import { signedIn } from '../../middlewares/identity.ts'
import { consume, limit } from '../../middlewares/limit.ts'
import { assertPresentOrJustSignedIn } from '../../middlewares/presence.ts'
import { deviceOf } from '../../middlewares/sign-in-throttle.ts'
import { valid } from '../../middlewares/valid.ts'
import type { Routes } from '../../routing.ts'
import { GetPresenceOptions } from './presence-schema.ts'
import {
  ConfirmTotp,
  EnrolTotp,
  GetRecoveryCodes,
  MakeRecoveryCodes,
  RemoveTotp,
} from './two-factor-schema.ts'

/** Authenticator apps and recovery codes, and the proof that it is their account's owner who asks. */
export function twoFactorRoutes(routes: Routes): void {
  routes.post('/me/two-factor/totp', limit('write'), signedIn(), valid(EnrolTotp), async (ctx) => {
    await assertPresentOrJustSignedIn(ctx, ctx.input.body)
    const { secret, url: otpauthUrl } = await ctx.services.totp.enrol(ctx.viewer.userId)
    ctx.status = 201
    ctx.set('Cache-Control', 'no-store')
    ctx.body = { secret, otpauthUrl }
  })

  routes.post('/me/two-factor/totp/confirm', limit('write'), signedIn(), valid(ConfirmTotp), async (ctx) => {
    const { viewer, services } = ctx
    const counter = `${viewer.userId} ${viewer.sessionId}`
    await consume(ctx, 'presence', counter)
    await services.totp.confirm(viewer, ctx.input.body.code, deviceOf(ctx))
    await services.rateLimits.giveBack('presence', counter)
    ctx.status = 204
  })

  routes.delete('/me/two-factor/totp', limit('write'), signedIn(), valid(RemoveTotp), async (ctx) => {
    await assertPresentOrJustSignedIn(ctx, ctx.input.body)
    await ctx.services.totp.remove(ctx.viewer.userId, deviceOf(ctx))
    ctx.status = 204
  })

  routes.get(
    '/me/two-factor/recovery-codes',
    limit('read'),
    signedIn(),
    valid(GetRecoveryCodes),
    async (ctx) => {
      const { left, madeAt } = await ctx.services.recoveryCodes.left(ctx.viewer.userId)
      ctx.body = { left, madeAt: madeAt?.toISOString() ?? null }
    },
  )

  routes.post(
    '/me/two-factor/recovery-codes',
    limit('write'),
    signedIn(),
    valid(MakeRecoveryCodes),
    async (ctx) => {
      await assertPresentOrJustSignedIn(ctx, ctx.input.body)
      const codes = await ctx.services.recoveryCodes.make(ctx.viewer.userId, deviceOf(ctx))
      ctx.status = 201
      ctx.set('Cache-Control', 'no-store')
      ctx.body = { codes }
    },
  )

  routes.post('/me/presence/options', limit('write'), signedIn(), valid(GetPresenceOptions), async (ctx) => {
    ctx.status = 201
    ctx.set('Cache-Control', 'no-store')
    ctx.body = await ctx.services.presence.passkeyOptions(ctx.viewer, deviceOf(ctx))
  })
}
