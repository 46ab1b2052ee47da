import type { ShownToken } from '../../../services/accounts/personal-tokens.ts'
import { signedIn } from '../../middlewares/identity.ts'
import { limit } from '../../middlewares/limit.ts'
import { listed, presentPage } from '../../middlewares/listed.ts'
import { deviceOf } from '../../middlewares/sign-in-throttle.ts'
import { valid } from '../../middlewares/valid.ts'
import type { Routes } from '../../routing.ts'
import { CreateToken, DeleteToken, ListTokens } from './token-schema.ts'

/** Personal access tokens. */
export function tokenRoutes(routes: Routes): void {
  routes.get('/me/tokens', limit('read'), signedIn(), valid(ListTokens), listed(), async (ctx) => {
    ctx.body = presentPage(await ctx.services.personalTokens.list(ctx.list), presentToken)
  })

  routes.post('/me/tokens', limit('write'), signedIn(), valid(CreateToken), async (ctx) => {
    const { name, scopes, expiresAt } = ctx.input.body
    const { token, secret } = await ctx.services.personalTokens.create(
      ctx.viewer.userId,
      { name, scopes, expiresAt: expiresAt ?? null },
      deviceOf(ctx),
    )
    ctx.status = 201
    ctx.set('Cache-Control', 'no-store')
    ctx.body = { token: presentToken(token), secret }
  })

  routes.delete('/me/tokens/:tokenId', limit('write'), signedIn(), valid(DeleteToken), async (ctx) => {
    await ctx.services.personalTokens.revoke(ctx.viewer.userId, ctx.input.params.tokenId)
    ctx.status = 204
  })
}

function presentToken(token: ShownToken) {
  return {
    id: token.token_id,
    name: token.name,
    scopes: token.scopes,
    createdAt: token.created_at.toISOString(),
    expiresAt: token.expires_at?.toISOString() ?? null,
    lastUsedAt: token.last_used_at?.toISOString() ?? null,
  }
}
