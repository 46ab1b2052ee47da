import { signedIn } from '../../middlewares/identity.ts'
import { limit } from '../../middlewares/limit.ts'
import { listed, presentPage, reading } from '../../middlewares/listed.ts'
import { valid } from '../../middlewares/valid.ts'
import type { Routes } from '../../routing.ts'
import type { PresentPhoto } from '../photos/presenter.ts'
import { presentNotification } from './presenter.ts'
import {
  CountUnreadNotifications,
  GetNotificationSettings,
  ListNotifications,
  ReadNotifications,
  UpdateNotificationSettings,
} from './schema.ts'

export function notificationRoutes(routes: Routes, presentPhoto: PresentPhoto): void {
  routes.get(
    '/me/notifications',
    limit('read'),
    signedIn(),
    valid(ListNotifications),
    listed(),
    async (ctx) => {
      const page = await ctx.services.notifications.list(ctx.list)
      ctx.body = presentPage(page, (shown) => presentNotification(shown, ctx, presentPhoto))
    },
  )

  routes.get(
    '/me/notifications/unread-count',
    limit('read'),
    signedIn(),
    valid(CountUnreadNotifications),
    reading(),
    async (ctx) => {
      ctx.body = { count: await ctx.services.notifications.countUnread(ctx.reader) }
    },
  )

  routes.put('/me/notifications/read', limit('write'), signedIn(), valid(ReadNotifications), async (ctx) => {
    await ctx.services.notifications.markRead(ctx.viewer.userId, ctx.input.body.upTo)
    ctx.status = 204
  })

  routes.get(
    '/me/notification-settings',
    limit('read'),
    signedIn(),
    valid(GetNotificationSettings),
    reading(),
    async (ctx) => {
      const settings = await ctx.services.notificationSettings.get(ctx.reader.query, ctx.viewer.userId)
      ctx.body = { settings }
    },
  )

  routes.patch(
    '/me/notification-settings',
    limit('write'),
    signedIn(),
    valid(UpdateNotificationSettings),
    async (ctx) => {
      const settings = await ctx.services.notificationSettings.update(ctx.viewer.userId, ctx.input.body)
      ctx.body = { settings }
    },
  )
}
