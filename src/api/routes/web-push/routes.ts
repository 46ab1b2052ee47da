import type { ShownSubscription } from '../../../services/web-push/subscriptions.ts'
import type { SignedIn } from '../../context.ts'
import { signedIn } from '../../middlewares/identity.ts'
import { limit } from '../../middlewares/limit.ts'
import { listed, presentPage } from '../../middlewares/listed.ts'
import { valid } from '../../middlewares/valid.ts'
import type { Routes } from '../../routing.ts'
import { AddPushSubscription, ListPushSubscriptions, RemovePushSubscription } from './schema.ts'

/** Devices that are told of notifications. */
export function webPushRoutes(routes: Routes): void {
  routes.get(
    '/me/push-subscriptions',
    limit('read'),
    signedIn(),
    valid(ListPushSubscriptions),
    listed(),
    async (ctx) => {
      const { pushSubscriptions } = ctx.services
      const page = await pushSubscriptions.list(ctx.list)
      ctx.body = {
        ...presentPage(page, (row) => presentSubscription(row, ctx.viewer)),
        publicKey: pushSubscriptions.publicKey,
      }
    },
  )

  routes.post(
    '/me/push-subscriptions',
    limit('write'),
    signedIn(),
    valid(AddPushSubscription),
    async (ctx) => {
      const { endpoint, keys } = ctx.input.body
      const { subscription, isNew } = await ctx.services.pushSubscriptions.add(ctx.viewer, { endpoint, keys })
      ctx.status = isNew ? 201 : 200
      ctx.body = { subscription: presentSubscription(subscription, ctx.viewer) }
    },
  )

  routes.delete(
    '/me/push-subscriptions',
    limit('write'),
    signedIn(),
    valid(RemovePushSubscription),
    async (ctx) => {
      await ctx.services.pushSubscriptions.remove(ctx.viewer.userId, ctx.input.body.endpoint)
      ctx.status = 204
    },
  )
}

/** Without its endpoint: whoever knows that can send to the device. */
function presentSubscription(row: ShownSubscription, { sessionId }: SignedIn) {
  return {
    id: row.subscription_id,
    service: new URL(row.endpoint).host,
    current: row.session_id === sessionId,
    createdAt: row.created_at.toISOString(),
  }
}
