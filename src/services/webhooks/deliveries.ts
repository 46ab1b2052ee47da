import { invalidField, notFound } from '../../domain/errors.ts'
import type { UserId } from '../../domain/ids.ts'
import type { UserViewer } from '../../domain/viewer.ts'
import type { WebhookDeliveryRow } from '../../entities/index.ts'
import type { Database } from '../../infra/db/database.ts'
import { pageOfRows, type ListRead, type Page } from '../lists/list-read.ts'
import { findWebhook } from './webhooks.ts'

export type ShownDelivery = Omit<WebhookDeliveryRow, 'webhook_id' | 'queued_at'>

export interface Deliveries {
  /** What a webhook of the viewer is to be told, or was, latest first. @throws DarkroomError not_found, bad_cursor */
  list(list: ListRead<UserViewer>, webhookId: string): Promise<Page<ShownDelivery>>
  /** Sends it once more, under the same id. @throws DarkroomError not_found, invalid while the webhook is disabled */
  replay(userId: UserId, webhookId: string, deliveryId: string): Promise<ShownDelivery>
}

const COLUMNS = `delivery_id, event, actor_id, photo_id, album_id, item_id, state, attempts, status_code, failure_code, excerpt,
  created_at, attempted_at`

// Walks webhook_deliveries_webhook_idx from the cursor. Ids are UUID v7.
const LIST = `
  SELECT ${COLUMNS} FROM webhook_deliveries
  WHERE webhook_id = $1 AND delivery_id < coalesce($2::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
  ORDER BY delivery_id DESC LIMIT $3`

// One that is under way is tried at once: whoever admits it again wakes its workflow.
const REPLAY = `
  UPDATE webhook_deliveries SET state = 'queued', attempts = 0, queued_at = now()
  WHERE delivery_id = $2 AND webhook_id = $1 RETURNING ${COLUMNS}`

export function createDeliveries({ db }: { db: Pick<Database, 'primary'> }): Deliveries {
  return {
    async list(list, webhookId) {
      await findWebhook(list.query, list.viewer.userId, webhookId)
      const [deliveryId] = list.after(['string']) ?? [null]
      const rows = await list.query<ShownDelivery>({
        name: 'webhook-deliveries',
        text: LIST,
        values: [webhookId, deliveryId, list.limit + 1],
      })
      return pageOfRows(list, rows, (row) => [row.delivery_id])
    },

    async replay(userId, webhookId, deliveryId) {
      const webhook = await findWebhook(db.primary, userId, webhookId)
      if (webhook.disabled_at !== null)
        throw invalidField('params.webhookId', 'The webhook is disabled; enable it first.')
      const [delivery] = await db.primary<ShownDelivery>({ text: REPLAY, values: [webhookId, deliveryId] })
      if (!delivery) throw notFound('delivery')
      return delivery
    },
  }
}
