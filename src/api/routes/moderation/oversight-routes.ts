import { signedIn } from '../../middlewares/identity.ts'
import { limit } from '../../middlewares/limit.ts'
import { listed, presentPage, reading } from '../../middlewares/listed.ts'
import { staff } from '../../middlewares/staff.ts'
import { valid } from '../../middlewares/valid.ts'
import type { Routes } from '../../routing.ts'
import { GetStats, ListAudit, ListPolicies, PutPolicy } from './oversight-schema.ts'
import { presentAuditEntry, presentPolicy } from './presenter.ts'

/** What moderation goes by, and what it did. */
export function oversightRoutes(routes: Routes): void {
  routes.get(
    '/moderation/policies',
    limit('read'),
    signedIn(),
    staff('moderator'),
    valid(ListPolicies),
    listed(),
    async (ctx) => {
      ctx.body = presentPage(await ctx.services.policies.list(ctx.list), presentPolicy)
    },
  )

  routes.put(
    '/moderation/policies',
    limit('write'),
    signedIn(),
    staff('admin'),
    valid(PutPolicy),
    async (ctx) => {
      ctx.body = { policy: presentPolicy(await ctx.services.policies.put(ctx.staff, ctx.input.body)) }
    },
  )

  routes.get(
    '/moderation/audit',
    limit('read'),
    signedIn(),
    staff('senior'),
    valid(ListAudit),
    listed(),
    async (ctx) => {
      ctx.body = presentPage(await ctx.services.moderationLog.audit(ctx.list), presentAuditEntry)
    },
  )

  routes.get(
    '/moderation/stats',
    limit('read'),
    signedIn(),
    staff('moderator'),
    valid(GetStats),
    reading(),
    async (ctx) => {
      ctx.body = { stats: await ctx.services.moderationLog.stats(ctx.reader) }
    },
  )
}
