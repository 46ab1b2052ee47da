import type { z } from 'zod'
import type { ShownExport } from '../../../services/exports/exports.ts'
import type { KeptAnswer } from '../../../services/requests/idempotency.ts'
import type { ApiContext, SignedIn } from '../../context.ts'
import { idempotent } from '../../middlewares/idempotent.ts'
import { signedIn } from '../../middlewares/identity.ts'
import { limit } from '../../middlewares/limit.ts'
import { listed, presentPage, reading } from '../../middlewares/listed.ts'
import { valid } from '../../middlewares/valid.ts'
import type { Routes } from '../../routing.ts'
import { CreateExport, DeleteExport, GetExport, ListExports, type ExportSchema } from './schema.ts'

/** Archives of one's own account; whoever is suspended may leave with what is theirs. */
export function exportRoutes(routes: Routes): void {
  routes.get('/me/exports', limit('read'), signedIn(), valid(ListExports), listed(), async (ctx) => {
    ctx.set('Cache-Control', 'no-store')
    ctx.body = presentPage(await ctx.services.exports.list(ctx.list), presentExport)
  })

  routes.post(
    '/me/exports',
    limit('write'),
    signedIn(),
    valid(CreateExport),
    idempotent(replayExport),
    async (ctx) => {
      const created = await ctx.services.exports.create(ctx.viewer.userId, ctx.firstRun)
      ctx.status = 202
      ctx.body = { export: presentExport(created) }
    },
  )

  routes.get('/me/exports/:exportId', limit('read'), signedIn(), valid(GetExport), reading(), async (ctx) => {
    const { exportId } = ctx.input.params
    const found = await ctx.services.exports.get(ctx.reader.query, ctx.viewer.userId, exportId)
    ctx.set('Cache-Control', 'no-store')
    ctx.body = { export: presentExport(found) }
  })

  routes.delete('/me/exports/:exportId', limit('write'), signedIn(), valid(DeleteExport), async (ctx) => {
    await ctx.services.exports.delete(ctx.viewer.userId, ctx.input.params.exportId)
    ctx.status = 204
  })
}

/** Shows the export that the first POST asked for. */
async function replayExport(
  ctx: ApiContext & { viewer: SignedIn },
  kept: Extract<KeptAnswer, { resourceId: string }>,
): Promise<void> {
  const reader = await ctx.services.lists.reader(ctx.viewer)
  ctx.body = {
    export: presentExport(await ctx.services.exports.get(reader.query, ctx.viewer.userId, kept.resourceId)),
  }
}

function presentExport(shown: ShownExport): z.infer<typeof ExportSchema> {
  const { photos, photosTotal, bytes, download } = shown
  return {
    id: shown.exportId,
    status: shown.status,
    progress: { photos, photosTotal, bytes },
    createdAt: shown.createdAt.toISOString(),
    expiresAt: shown.expiresAt?.toISOString() ?? null,
    ...(download && { url: download.url, urlExpiresAt: download.expiresAt.toISOString() }),
  }
}
