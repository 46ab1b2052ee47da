import { DarkroomError } from '../../../domain/errors.ts'
import { signedIn } from '../../middlewares/identity.ts'
import { consume, limit, limitAddress } from '../../middlewares/limit.ts'
import { listed, presentPage } from '../../middlewares/listed.ts'
import { valid } from '../../middlewares/valid.ts'
import type { Routes } from '../../routing.ts'
import { presentSession, presentSignedIn } from './session-presenter.ts'
import {
  CreateSession,
  DeleteCurrentSession,
  DeleteSession,
  ListSessions,
  RefreshSession,
} from './session-schema.ts'

export function sessionRoutes(routes: Routes): void {
  routes.post('/sessions', limitAddress('signIn'), valid(CreateSession), async (ctx) => {
    const { username, password } = ctx.input.body
    const { accounts, sessions, accessTokens, rateLimits } = ctx.services
    const target = username.toLowerCase()
    await consume(ctx, 'signInTarget', target)
    const account = await accounts.authenticate(username, password)
    await rateLimits.clear('signInTarget', target)
    const session = await sessions.open(account.userId, ctx.get('User-Agent'))
    ctx.status = 201
    ctx.set('Cache-Control', 'no-store')
    ctx.body = presentSignedIn(account, session, await accessTokens.issue(session))
  })

  routes.post('/sessions/refresh', limitAddress('refresh'), valid(RefreshSession), async (ctx) => {
    const session = await ctx.services.sessions.refresh(ctx.input.body.refreshToken)
    const account = await ctx.services.accounts.get(session.userId)
    ctx.set('Cache-Control', 'no-store')
    ctx.body = presentSignedIn(account, session, await ctx.services.accessTokens.issue(session))
  })

  routes.get('/sessions', limit('read'), signedIn(), valid(ListSessions), listed(), async (ctx) => {
    const page = await ctx.services.sessions.list(ctx.list)
    ctx.body = presentPage(page, (session) => presentSession(session, ctx.viewer.sessionId))
  })

  routes.delete('/sessions/current', limit('write'), signedIn(), valid(DeleteCurrentSession), async (ctx) => {
    await ctx.services.sessions.revoke(ctx.viewer.userId, ctx.viewer.sessionId).catch((error: unknown) => {
      // It was already signed out elsewhere, which is what the client asked for.
      if (!(error instanceof DarkroomError && error.code === 'not_found')) throw error
    })
    ctx.status = 204
  })

  routes.delete('/sessions/:sessionId', limit('write'), signedIn(), valid(DeleteSession), async (ctx) => {
    await ctx.services.sessions.revoke(ctx.viewer.userId, ctx.input.params.sessionId)
    ctx.status = 204
  })
}
