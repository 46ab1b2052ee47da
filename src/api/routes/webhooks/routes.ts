import type { ShownWebhook } from '../../../services/webhooks/webhooks.ts'
import type { ApiContext } from '../../context.ts'
import { signedIn } from '../../middlewares/identity.ts'
import { limit } from '../../middlewares/limit.ts'
import { listed, presentPage, reading } from '../../middlewares/listed.ts'
import { deviceOf } from '../../middlewares/sign-in-throttle.ts'
import { valid } from '../../middlewares/valid.ts'
import type { Routes } from '../../routing.ts'
import { presentDelivery, presentWebhook } from './presenter.ts'
import {
  CreateWebhook,
  DeleteWebhook,
  GetWebhook,
  ListDeliveries,
  ListWebhooks,
  ReplayDelivery,
  RotateSecret,
  UpdateWebhook,
} from './schema.ts'

export function webhookRoutes(routes: Routes): void {
  routes.get('/me/webhooks', limit('read'), signedIn(), valid(ListWebhooks), listed(), async (ctx) => {
    ctx.body = presentPage(await ctx.services.webhooks.list(ctx.list), presentWebhook)
  })

  routes.post('/me/webhooks', limit('write'), signedIn(), valid(CreateWebhook), async (ctx) => {
    const { userId } = ctx.viewer
    showOnce(ctx, await ctx.services.webhooks.create(userId, ctx.input.body, deviceOf(ctx)))
  })

  routes.get(
    '/me/webhooks/:webhookId',
    limit('read'),
    signedIn(),
    valid(GetWebhook),
    reading(),
    async (ctx) => {
      const webhook = await ctx.services.webhooks.get(ctx.reader, ctx.input.params.webhookId)
      ctx.body = { webhook: presentWebhook(webhook) }
    },
  )

  routes.patch('/me/webhooks/:webhookId', limit('write'), signedIn(), valid(UpdateWebhook), async (ctx) => {
    const { params, body } = ctx.input
    const webhook = await ctx.services.webhooks.update(
      ctx.viewer.userId,
      params.webhookId,
      body,
      deviceOf(ctx),
    )
    ctx.body = { webhook: presentWebhook(webhook) }
  })

  routes.delete('/me/webhooks/:webhookId', limit('write'), signedIn(), valid(DeleteWebhook), async (ctx) => {
    await ctx.services.webhooks.delete(ctx.viewer.userId, ctx.input.params.webhookId, deviceOf(ctx))
    ctx.status = 204
  })

  routes.post(
    '/me/webhooks/:webhookId/secret',
    limit('write'),
    signedIn(),
    valid(RotateSecret),
    async (ctx) => {
      const { params, query } = ctx.input
      showOnce(
        ctx,
        await ctx.services.webhooks.rotateSecret(ctx.viewer.userId, params.webhookId, query, deviceOf(ctx)),
      )
    },
  )

  routes.get(
    '/me/webhooks/:webhookId/deliveries',
    limit('read'),
    signedIn(),
    valid(ListDeliveries),
    listed(),
    async (ctx) => {
      const page = await ctx.services.webhookDeliveries.list(ctx.list, ctx.input.params.webhookId)
      ctx.body = presentPage(page, presentDelivery)
    },
  )

  routes.post(
    '/me/webhooks/:webhookId/deliveries/:deliveryId/replay',
    limit('write'),
    signedIn(),
    valid(ReplayDelivery),
    async (ctx) => {
      const { webhookId, deliveryId } = ctx.input.params
      const delivery = await ctx.services.webhookDeliveries.replay(ctx.viewer.userId, webhookId, deliveryId)
      ctx.status = 202
      ctx.body = { delivery: presentDelivery(delivery) }
    },
  )
}

function showOnce(ctx: ApiContext, { webhook, secret }: { webhook: ShownWebhook; secret: string }): void {
  ctx.status = 201
  ctx.set('Cache-Control', 'no-store')
  ctx.body = { webhook: presentWebhook(webhook), secret }
}
