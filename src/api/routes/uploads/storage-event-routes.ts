import { storageEventSender } from '../../middlewares/operators.ts'
import { valid } from '../../middlewares/valid.ts'
import type { Routes } from '../../routing.ts'
import { createdObjects } from './created-objects.ts'
import { ReceiveStorageEvents } from './storage-event-schema.ts'

export function storageEventRoutes(routes: Routes, token: string): void {
  routes.post('/storage-events', storageEventSender(token), valid(ReceiveStorageEvents), async (ctx) => {
    const objects = createdObjects(ctx.input.body)
    ctx.body = { accepted: await ctx.services.storageEvents.objectsCreated(objects) }
  })
}
