import { signedIn } from '../../middlewares/identity.ts'
import { limit } from '../../middlewares/limit.ts'
import { listed, presentPage } from '../../middlewares/listed.ts'
import { valid } from '../../middlewares/valid.ts'
import type { Routes } from '../../routing.ts'
import { presentReport } from './presenter.ts'
import { CreateReport, ListReports } from './report-schema.ts'

export function reportRoutes(routes: Routes): void {
  routes.post('/reports', limit('report'), signedIn(), valid(CreateReport), async (ctx) => {
    const { subject, reason, detail = null } = ctx.input.body
    const { report, isNew } = await ctx.services.reports.create(ctx.viewer, { subject, reason, detail })
    ctx.status = isNew ? 201 : 200
    ctx.body = { report: presentReport(report) }
  })

  routes.get('/me/reports', limit('read'), signedIn(), valid(ListReports), listed(), async (ctx) => {
    ctx.body = presentPage(await ctx.services.reports.list(ctx.list), presentReport)
  })
}
