import { DarkroomError } from '../../../domain/errors.ts'
import { signedIn } from '../../middlewares/identity.ts'
import { consume, consumeAddress, limit, limitedBy } from '../../middlewares/limit.ts'
import { listed, presentPage } from '../../middlewares/listed.ts'
import { deviceOf } from '../../middlewares/sign-in-throttle.ts'
import { valid } from '../../middlewares/valid.ts'
import type { Routes } from '../../routing.ts'
import { presentSession, presentSignedIn } from './session-presenter.ts'
import {
  DeleteCurrentSession,
  DeleteOtherSessions,
  DeleteSession,
  ListSessions,
  RefreshSession,
} from './session-schema.ts'

export function sessionRoutes(routes: Routes): void {
  routes.post('/sessions/refresh', limitedBy('refresh'), valid(RefreshSession), async (ctx) => {
    const { refreshToken } = ctx.input.body
    const { accounts, sessions, accessTokens, refreshTokens } = ctx.services
    // What is no token of ours counts against its address, so that it locks nobody out who has one.
    const claim = refreshTokens.read(refreshToken)
    if (claim) await consume(ctx, 'refreshSession', claim.sessionId)
    else await consumeAddress(ctx, 'refresh')
    const session = await sessions.refresh(refreshToken, deviceOf(ctx))
    const account = await accounts.get(session.userId)
    ctx.set('Cache-Control', 'no-store')
    ctx.body = presentSignedIn(account, session, await accessTokens.issue(session), ctx.people)
  })

  routes.get('/sessions', limit('read'), signedIn(), valid(ListSessions), listed(), async (ctx) => {
    const page = await ctx.services.sessions.list(ctx.list)
    ctx.body = presentPage(page, (session) => presentSession(session, ctx.viewer.sessionId))
  })

  routes.delete('/sessions', limit('write'), signedIn(), valid(DeleteOtherSessions), async (ctx) => {
    await ctx.services.signOutElsewhere(ctx.viewer, deviceOf(ctx))
    ctx.status = 204
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
