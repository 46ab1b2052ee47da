import { signedIn } from '../../middlewares/identity.ts'
import { limit } from '../../middlewares/limit.ts'
import { listed, presentPage } from '../../middlewares/listed.ts'
import { staff } from '../../middlewares/staff.ts'
import { valid } from '../../middlewares/valid.ts'
import type { Routes } from '../../routing.ts'
import { ClaimCase, GetCase, ListCases, ReleaseCase } from './case-schema.ts'
import { ViewPicture } from './picture-schema.ts'
import { presentCase, presentCaseInFull } from './presenter.ts'

/** The queue of cases. The role is asked before anything is read, so that others learn of no case. */
export function caseRoutes(routes: Routes): void {
  routes.get(
    '/moderation/cases',
    limit('read'),
    signedIn(),
    staff('moderator'),
    valid(ListCases),
    listed(),
    async (ctx) => {
      const page = await ctx.services.cases.list(ctx.list, ctx.input.query)
      ctx.body = presentPage(page, (shown) => presentCase(shown, ctx.people))
    },
  )

  routes.get(
    '/moderation/cases/:caseId',
    limit('read'),
    signedIn(),
    staff('moderator'),
    valid(GetCase),
    async (ctx) => {
      ctx.body = presentCaseInFull(
        await ctx.services.cases.get(ctx.staff, ctx.input.params.caseId),
        ctx.people,
      )
    },
  )

  routes.put(
    '/moderation/cases/:caseId/claim',
    limit('write'),
    signedIn(),
    staff('moderator'),
    valid(ClaimCase),
    async (ctx) => {
      const claimed = await ctx.services.cases.claim(ctx.staff, ctx.input.params.caseId)
      ctx.body = { case: presentCase(claimed, ctx.people) }
    },
  )

  routes.delete(
    '/moderation/cases/:caseId/claim',
    limit('write'),
    signedIn(),
    staff('moderator'),
    valid(ReleaseCase),
    async (ctx) => {
      await ctx.services.cases.release(ctx.staff, ctx.input.params.caseId)
      ctx.status = 204
    },
  )

  routes.post(
    '/moderation/cases/:caseId/views',
    limit('read'),
    signedIn(),
    staff('moderator'),
    valid(ViewPicture),
    async (ctx) => {
      const { url, expiresAt } = await ctx.services.pictures.view(ctx.staff, ctx.input.params.caseId)
      ctx.status = 201
      ctx.set('Cache-Control', 'no-store')
      ctx.body = { url, expiresAt: expiresAt.toISOString() }
    },
  )
}
