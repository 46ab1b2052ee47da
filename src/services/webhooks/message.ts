import { createHmac } from 'node:crypto'
import { signingGenerations } from '../../domain/webhooks.ts'
import type { WebhookDeliveryRow, WebhookRow } from '../../entities/index.ts'

/** What a message is made of, which stays the same however often it is sent, and who signs it. */
export type MessageRow = Pick<
  WebhookDeliveryRow,
  'delivery_id' | 'webhook_id' | 'event' | 'actor_id' | 'photo_id' | 'album_id' | 'item_id' | 'created_at'
> &
  Pick<WebhookRow, 'secret_generation' | 'oldest_generation' | 'previous_secrets_until'>

/** Headers and body of one request, after Standard Webhooks (https://www.standardwebhooks.com). */
export interface Message {
  headers: Record<string, string>
  body: Buffer
}

const SECRET_PREFIX = 'whsec_'

/**
 * A secret of a webhook, which its receiver has too. It derives from the key of the installation, so that no copy of the database
 * gives one away.
 * @param generation 1 for the first one; each rotation makes the next
 */
export function secretOf(key: string, webhookId: string, generation: number): string {
  return SECRET_PREFIX + secretBytesOf(key, webhookId, generation).toString('base64')
}

// The first ones were made before secrets could be rotated.
const secretBytesOf = (key: string, webhookId: string, generation: number) =>
  createHmac('sha256', key)
    .update(generation === 1 ? `webhook/${webhookId}` : `webhook/${webhookId}/${generation}`)
    .digest()

/** @param now of this attempt: receivers refuse what was signed long ago, be it copied or late */
export function messageOf(key: string, row: MessageRow, now: Date): Message {
  const id = messageIdOf(row.delivery_id)
  const timestamp = String(Math.floor(now.getTime() / 1_000))
  const body = Buffer.from(
    JSON.stringify({ type: row.event, timestamp: row.created_at.toISOString(), data: dataOf(row) }),
  )
  const signatures = signingGenerations(row, now).map((generation) =>
    createHmac('sha256', secretBytesOf(key, row.webhook_id, generation))
      .update(`${id}.${timestamp}.`)
      .update(body)
      .digest('base64'),
  )
  return {
    headers: {
      'Content-Type': 'application/json',
      'User-Agent': 'Darkroom-Webhooks',
      'webhook-id': id,
      'webhook-timestamp': timestamp,
      'webhook-signature': signatures.map((signature) => `v1,${signature}`).join(' '),
    },
    body,
  }
}

/** Equal for all attempts and replays, by which a receiver knows what it has had. */
export const messageIdOf = (deliveryId: string): string => `msg_${deliveryId}`

/** Ids alone: a receiver fetches the rest, as far as its token may see it by then. */
function dataOf({
  event,
  actor_id: userId,
  photo_id: photoId,
  album_id: albumId,
  item_id: itemId,
}: MessageRow) {
  const [subject] = event.split('.')
  return {
    ...(userId !== null && { userId }),
    ...(photoId !== null && { photoId }),
    ...(albumId !== null && { albumId }),
    ...(itemId !== null && NAME_OF_ITEM[subject!] && { [NAME_OF_ITEM[subject!]!]: itemId }),
  }
}

/** What an item is, by what its event is of. Others have none that a receiver could ask for. */
const NAME_OF_ITEM: Readonly<Record<string, string>> = {
  comment: 'commentId',
  drop_box: 'photoId',
  export: 'exportId',
  moderation: 'decisionId',
  security: 'securityEventId',
}
