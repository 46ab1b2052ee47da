import { v7 as uuidv7 } from 'uuid'
import { DarkroomError, invalidField, notFound } from '../../domain/errors.ts'
import type { UserId } from '../../domain/ids.ts'
import { MAX_ITEMS } from '../../domain/limits.ts'
import type { UserViewer } from '../../domain/viewer.ts'
import type { WebhookEvent } from '../../domain/webhooks.ts'
import { Webhook, type WebhookRow } from '../../entities/index.ts'
import type { Database, Query } from '../../infra/db/database.ts'
import { deleteInBatches } from '../../infra/db/delete-in-batches.ts'
import { insertRow, run } from '../../infra/db/insert.ts'
import type { UrlRefusal, UserUrls } from '../../infra/https/user-urls.ts'
import { pageOfRows, type ListRead, type Page, type Reader } from '../lists/list-read.ts'
import { secretOf } from './message.ts'

export type ShownWebhook = Omit<WebhookRow, 'user_id' | 'disabled_by'>

interface NewWebhook {
  url: URL
  events: readonly WebhookEvent[]
}

interface WebhookChanges {
  url?: URL | undefined
  events?: readonly WebhookEvent[] | undefined
  enabled?: boolean | undefined
}

export interface Webhooks {
  /** Its secret is shown this once. @throws DarkroomError invalid, blocked_address, quota_exceeded */
  create(userId: UserId, webhook: NewWebhook): Promise<{ webhook: ShownWebhook; secret: string }>
  /** The viewer's, the latest first. @throws DarkroomError bad_cursor */
  list(list: ListRead<UserViewer>): Promise<Page<ShownWebhook>>
  /** @throws DarkroomError not_found */
  get(reader: Reader<UserViewer>, webhookId: string): Promise<ShownWebhook>
  /** Another address, and being enabled, begin with a clean slate. @throws DarkroomError not_found, invalid, blocked_address */
  update(userId: UserId, webhookId: string, changes: WebhookChanges): Promise<ShownWebhook>
  /** Ends it, with all that it was to be told. @throws DarkroomError not_found */
  delete(userId: UserId, webhookId: string): Promise<void>
}

export interface WebhooksDeps {
  db: Database
  userUrls: Pick<UserUrls, 'refusalOf'>
  /** Without it, the installation sends none. */
  key: string | undefined
}

const COLUMNS = 'webhook_id, url, events, created_at, failing_since, disabled_at, disabled_reason'

// Walks webhooks_user_idx from the cursor. Ids are UUID v7.
const LIST = `
  SELECT ${COLUMNS} FROM webhooks
  WHERE user_id = $1 AND webhook_id < coalesce($2::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
  ORDER BY webhook_id DESC LIMIT $3`

// It fails no longer if it leads elsewhere or begins again.
const UPDATE = `
  UPDATE webhooks SET url = coalesce($3, url), events = coalesce($4, events),
    failing_since = CASE WHEN $3 <> url OR $5 THEN NULL ELSE failing_since END,
    disabled_at = CASE WHEN $5 THEN NULL WHEN NOT $5 THEN coalesce(disabled_at, now()) ELSE disabled_at END,
    disabled_reason = CASE WHEN $5 THEN NULL WHEN NOT $5 THEN coalesce(disabled_reason, 'owner') ELSE disabled_reason END,
    disabled_by = CASE WHEN $5 THEN NULL ELSE disabled_by END
  WHERE webhook_id = $1 AND user_id = $2 RETURNING ${COLUMNS}`

const DELETE_DELIVERIES = `
  DELETE FROM webhook_deliveries WHERE delivery_id IN (
    SELECT delivery_id FROM webhook_deliveries WHERE webhook_id = $2 LIMIT $1)
  RETURNING 1`

export function createWebhooks({ db, userUrls, key }: WebhooksDeps): Webhooks {
  async function assertPostable(url: URL): Promise<void> {
    const refusal = await userUrls.refusalOf(url)
    if (refusal === 'address')
      throw new DarkroomError('blocked_address', 'The address is not of the public internet.', {
        fields: [{ path: 'body.url', message: 'Not of the public internet, or nowhere.' }],
      })
    if (refusal) throw invalidField('body.url', MEANING[refusal])
  }

  return {
    async create(userId, { url, events }) {
      if (key === undefined) throw new DarkroomError('invalid', 'This installation sends no webhooks.')
      await assertPostable(url)
      return db.transaction(async (tx) => {
        // Two at once come one after the other, and are counted so.
        await tx.query({ text: 'SELECT FROM users WHERE user_id = $1 FOR NO KEY UPDATE', values: [userId] })
        const held = await tx.query({ text: 'SELECT FROM webhooks WHERE user_id = $1', values: [userId] })
        if (held.length >= MAX_ITEMS.webhooksPerUser)
          throw new DarkroomError('quota_exceeded', 'You have as many webhooks as there may be; delete one.')
        const [webhook] = await run(
          tx.query,
          insertRow(Webhook, { webhookId: uuidv7(), userId, url: url.href, events: [...events] }, [
            'failingSince',
            'disabledAt',
            'disabledReason',
            'disabledBy',
          ]).returning([
            'webhook_id',
            'url',
            'events',
            'created_at',
            'failing_since',
            'disabled_at',
            'disabled_reason',
          ]),
        )
        return { webhook: webhook!, secret: secretOf(key, webhook!.webhook_id) }
      })
    },

    async list(list) {
      const [webhookId] = list.after(['string']) ?? [null]
      const rows = await list.query<ShownWebhook>({
        name: 'webhooks',
        text: LIST,
        values: [list.viewer.userId, webhookId, list.limit + 1],
      })
      return pageOfRows(list, rows, (row) => [row.webhook_id])
    },

    get: ({ query, viewer: { userId } }, webhookId) => findWebhook(query, userId, webhookId),

    async update(userId, webhookId, { url, events, enabled }) {
      // Before the address is resolved, so that nobody has names resolved by the webhooks of others.
      await findWebhook(db.primary, userId, webhookId)
      if (url) await assertPostable(url)
      const [webhook] = await db.primary<ShownWebhook>({
        text: UPDATE,
        values: [webhookId, userId, url?.href ?? null, events ?? null, enabled ?? null],
      })
      if (!webhook) throw notFound('webhook')
      return webhook
    },

    async delete(userId, webhookId) {
      const rows = await db.primary({
        text: 'DELETE FROM webhooks WHERE webhook_id = $1 AND user_id = $2 RETURNING 1',
        values: [webhookId, userId],
      })
      if (rows.length === 0) throw notFound('webhook')
      // Nothing shows or sends them any more; what a kill leaves here goes with its age.
      await deleteInBatches(db.primary, DELETE_DELIVERIES, undefined, [webhookId])
    },
  }
}

/** @throws DarkroomError not_found */
export async function findWebhook(query: Query, userId: UserId, webhookId: string): Promise<ShownWebhook> {
  const [webhook] = await query<ShownWebhook>({
    name: 'webhook',
    text: `SELECT ${COLUMNS} FROM webhooks WHERE webhook_id = $1 AND user_id = $2`,
    values: [webhookId, userId],
  })
  if (!webhook) throw notFound('webhook')
  return webhook
}

const MEANING: Record<Exclude<UrlRefusal, 'address'>, string> = {
  scheme: 'https only.',
  credentials: 'Without a user name and password.',
  port: 'Not to this port; 443 is always possible.',
}
