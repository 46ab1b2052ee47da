import { signedIn } from '../../middlewares/identity.ts'
import { limit } from '../../middlewares/limit.ts'
import { listed, presentPage, reading } from '../../middlewares/listed.ts'
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
  UpdateWebhook,
} from './schema.ts'

export function webhookRoutes(routes: Routes): void {
  routes.get('/me/webhooks', limit('read'), signedIn(), valid(ListWebhooks), listed(), async (ctx) => {
    ctx.body = presentPage(await ctx.services.webhooks.list(ctx.list), presentWebhook)
  })

  routes.post('/me/webhooks', limit('write'), signedIn(), valid(CreateWebhook), async (ctx) => {
    const { webhook, secret } = await ctx.services.webhooks.create(ctx.viewer.userId, ctx.input.body)
    ctx.status = 201
    ctx.set('Cache-Control', 'no-store')
    ctx.body = { webhook: presentWebhook(webhook), secret }
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
    const webhook = await ctx.services.webhooks.update(ctx.viewer.userId, params.webhookId, body)
    ctx.body = { webhook: presentWebhook(webhook) }
  })

  routes.delete('/me/webhooks/:webhookId', limit('write'), signedIn(), valid(DeleteWebhook), async (ctx) => {
    await ctx.services.webhooks.delete(ctx.viewer.userId, ctx.input.params.webhookId)
    ctx.status = 204
  })

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
