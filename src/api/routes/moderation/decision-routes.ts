import { signedIn } from '../../middlewares/identity.ts'
import { limit } from '../../middlewares/limit.ts'
import { listed, presentPage } from '../../middlewares/listed.ts'
import { staff } from '../../middlewares/staff.ts'
import { valid } from '../../middlewares/valid.ts'
import type { Routes } from '../../routing.ts'
import { AppealDecision, DecideCase, ListOwnDecisions } from './decision-schema.ts'
import { presentOwnAppeal, presentOwnDecision } from './decision-presenter.ts'
import { presentDecision } from './presenter.ts'

/** What the staff decides, and what the owner reads of it and says against it. */
export function decisionRoutes(routes: Routes): void {
  routes.post(
    '/moderation/cases/:caseId/decisions',
    limit('write'),
    signedIn(),
    staff('moderator'),
    valid(DecideCase),
    async (ctx) => {
      const { params, body } = ctx.input
      const made = await ctx.services.cases.decide(ctx.staff, params.caseId, body)
      ctx.status = 201
      ctx.body = { decision: presentDecision(made) }
    },
  )

  routes.get('/me/moderation', limit('read'), signedIn(), valid(ListOwnDecisions), listed(), async (ctx) => {
    ctx.body = presentPage(await ctx.services.ownDecisions.list(ctx.list), presentOwnDecision)
  })

  routes.post(
    '/me/moderation/:decisionId/appeals',
    limit('write'),
    signedIn(),
    valid(AppealDecision),
    async (ctx) => {
      const { decisionId } = ctx.input.params
      const appeal = await ctx.services.ownDecisions.appeal(ctx.viewer.userId, {
        decisionId,
        text: ctx.input.body.text,
      })
      ctx.status = 201
      ctx.body = { appeal: presentOwnAppeal(appeal) }
    },
  )
}
