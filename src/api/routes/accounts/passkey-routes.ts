import type { ShownPasskey } from '../../../services/accounts/passkeys.ts'
import { signedIn } from '../../middlewares/identity.ts'
import { limit } from '../../middlewares/limit.ts'
import { listed, presentPage } from '../../middlewares/listed.ts'
import { assertPresentOrJustSignedIn } from '../../middlewares/presence.ts'
import { deviceOf } from '../../middlewares/sign-in-throttle.ts'
import { valid } from '../../middlewares/valid.ts'
import type { Routes } from '../../routing.ts'
import { CreatePasskey, DeletePasskey, GetPasskeyOptions, ListPasskeys } from './passkey-schema.ts'

export function passkeyRoutes(routes: Routes): void {
  routes.post('/me/passkeys/options', limit('write'), signedIn(), valid(GetPasskeyOptions), async (ctx) => {
    await assertPresentOrJustSignedIn(ctx, ctx.input.body)
    const { accounts, passkeys } = ctx.services
    const account = await accounts.get(ctx.viewer.userId)
    ctx.status = 201
    ctx.set('Cache-Control', 'no-store')
    ctx.body = await passkeys.registrationOptions(account, ctx.viewer.sessionId, deviceOf(ctx))
  })

  routes.post('/me/passkeys', limit('write'), signedIn(), valid(CreatePasskey), async (ctx) => {
    const { name = null, ...registration } = ctx.input.body
    const passkey = await ctx.services.passkeys.register(ctx.viewer, registration, name, deviceOf(ctx))
    ctx.status = 201
    ctx.body = { passkey: presentPasskey(passkey) }
  })

  routes.get('/me/passkeys', limit('read'), signedIn(), valid(ListPasskeys), listed(), async (ctx) => {
    ctx.body = presentPage(await ctx.services.passkeys.list(ctx.list), presentPasskey)
  })

  routes.delete('/me/passkeys/:passkeyId', limit('write'), signedIn(), valid(DeletePasskey), async (ctx) => {
    await assertPresentOrJustSignedIn(ctx, ctx.input.body)
    await ctx.services.passkeys.remove(ctx.viewer.userId, ctx.input.params.passkeyId, deviceOf(ctx))
    ctx.status = 204
  })
}

function presentPasskey(passkey: ShownPasskey) {
  return {
    id: passkey.passkey_id,
    name: passkey.name,
    backedUp: passkey.is_backed_up,
    createdAt: passkey.created_at.toISOString(),
    lastUsedAt: passkey.last_used_at?.toISOString() ?? null,
  }
}
