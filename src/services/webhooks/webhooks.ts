import { v7 as uuidv7 } from 'uuid'
import { DarkroomError, invalidField, notFound } from '../../domain/errors.ts'
import type { UserId } from '../../domain/ids.ts'
import { MAX_ITEMS } from '../../domain/limits.ts'
import type { UserViewer } from '../../domain/viewer.ts'
import { PREVIOUS_SECRET_HOURS, type WebhookEvent } from '../../domain/webhooks.ts'
import { Webhook, type WebhookRow } from '../../entities/index.ts'
import type { Database, Query } from '../../infra/db/database.ts'
import { deleteInBatches } from '../../infra/db/delete-in-batches.ts'
import { insertRow, run } from '../../infra/db/insert.ts'
import type { UrlRefusal, UserUrls } from '../../infra/https/user-urls.ts'
import { lockAccount } from '../accounts/accounts.ts'
import type { Device } from '../accounts/devices.ts'
import type { SecurityEvents } from '../accounts/security-events.ts'
import { pageOfRows, type ListRead, type Page, type Reader } from '../lists/list-read.ts'
import { secretOf } from './message.ts'

export type ShownWebhook = Omit<
  WebhookRow,
  'user_id' | 'disabled_by' | 'secret_generation' | 'oldest_generation'
>

interface NewWebhook {
  url: URL
  events: readonly WebhookEvent[]
}

interface WebhookChanges {
  url?: URL | undefined
  events?: readonly WebhookEvent[] | undefined
  enabled?: boolean | undefined
}

interface WebhookWithSecret {
  webhook: ShownWebhook
  secret: string
}

export interface Webhooks {
  /** Its secret is shown this once. @throws DarkroomError invalid, blocked_address, quota_exceeded */
  create(userId: UserId, webhook: NewWebhook, device: Device): Promise<WebhookWithSecret>
  /** The viewer's, the latest first. @throws DarkroomError bad_cursor */
  list(list: ListRead<UserViewer>): Promise<Page<ShownWebhook>>
  /** @throws DarkroomError not_found */
  get(reader: Reader<UserViewer>, webhookId: string): Promise<ShownWebhook>
  /** Another address, and being enabled, begin with a clean slate. @throws DarkroomError not_found, invalid, blocked_address */
  update(userId: UserId, webhookId: string, changes: WebhookChanges, device: Device): Promise<ShownWebhook>
  /**
   * Gives it another secret, which is shown this once. Those of before sign as well for a day, so that an answer that was lost does no harm;
   * `endPrevious` ends them at once. @throws DarkroomError not_found, invalid
   */
  rotateSecret(
    userId: UserId,
    webhookId: string,
    options: { endPrevious: boolean },
    device: Device,
  ): Promise<WebhookWithSecret>
  /** Ends it, with all that it was to be told. @throws DarkroomError not_found */
  delete(userId: UserId, webhookId: string, device: Device): Promise<void>
}

export interface WebhooksDeps {
  db: Database
  userUrls: Pick<UserUrls, 'refusalOf'>
  securityEvents: Pick<SecurityEvents, 'record'>
  /** Without it, the installation sends none. */
  key: string | undefined
}

const COLUMNS =
  'webhook_id, url, events, created_at, failing_since, disabled_at, disabled_reason, previous_secrets_until'

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
  WHERE webhook_id = $1 AND user_id = $2 RETURNING ${COLUMNS}, old.url <> new.url AS leads_elsewhere`

const ROTATE = `
  UPDATE webhooks SET secret_generation = secret_generation + 1,
    oldest_generation = CASE WHEN $3 THEN secret_generation + 1 WHEN previous_secrets_until > now() THEN oldest_generation
      ELSE secret_generation END,
    previous_secrets_until = CASE WHEN NOT $3 THEN now() + interval '${PREVIOUS_SECRET_HOURS} hours' END
  WHERE webhook_id = $1 AND user_id = $2 RETURNING ${COLUMNS}, secret_generation`

const DELETE_DELIVERIES = `
  DELETE FROM webhook_deliveries WHERE delivery_id IN (
    SELECT delivery_id FROM webhook_deliveries WHERE webhook_id = $2 LIMIT $1)
  RETURNING 1`

export function createWebhooks({ db, userUrls, securityEvents, key }: WebhooksDeps): Webhooks {
  async function assertPostable(url: URL): Promise<void> {
    const refusal = await userUrls.refusalOf(url)
    if (refusal === 'address')
      throw new DarkroomError('blocked_address', 'The address is not of the public internet.', {
        fields: [{ path: 'body.url', message: 'Not of the public internet, or nowhere.' }],
      })
    if (refusal) throw invalidField('body.url', MEANING[refusal])
  }

  return {
    async create(userId, { url, events }, device) {
      assertSends(key)
      await assertPostable(url)
      return db.transaction(async (tx) => {
        // Two at once come one after the other, and are counted so.
        await lockAccount(tx, userId)
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
            'previousSecretsUntil',
          ]).returning([
            'webhook_id',
            'url',
            'events',
            'created_at',
            'failing_since',
            'disabled_at',
            'disabled_reason',
            'previous_secrets_until',
          ]),
        )
        await securityEvents.record(tx.query, userId, 'webhook_created', device)
        return { webhook: webhook!, secret: secretOf(key, webhook!.webhook_id, 1) }
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

    async update(userId, webhookId, { url, events, enabled }, device) {
      // Before the address is resolved, so that nobody has names resolved by the webhooks of others.
      await findWebhook(db.primary, userId, webhookId)
      if (url) await assertPostable(url)
      return db.transaction(async (tx) => {
        const [row] = await tx.query<ShownWebhook & { leads_elsewhere: boolean }>({
          text: UPDATE,
          values: [webhookId, userId, url?.href ?? null, events ?? null, enabled ?? null],
        })
        if (!row) throw notFound('webhook')
        const { leads_elsewhere: leadsElsewhere, ...webhook } = row
        if (leadsElsewhere) await securityEvents.record(tx.query, userId, 'webhook_changed', device)
        return webhook
      })
    },

    async rotateSecret(userId, webhookId, { endPrevious }, device) {
      assertSends(key)
      return db.transaction(async (tx) => {
        const [row] = await tx.query<ShownWebhook & Pick<WebhookRow, 'secret_generation'>>({
          text: ROTATE,
          values: [webhookId, userId, endPrevious],
        })
        if (!row) throw notFound('webhook')
        const { secret_generation: generation, ...webhook } = row
        await securityEvents.record(tx.query, userId, 'webhook_secret_rotated', device)
        return { webhook, secret: secretOf(key, webhookId, generation) }
      })
    },

    async delete(userId, webhookId, device) {
      await db.transaction(async (tx) => {
        const rows = await tx.query({
          text: 'DELETE FROM webhooks WHERE webhook_id = $1 AND user_id = $2 RETURNING 1',
          values: [webhookId, userId],
        })
        if (rows.length === 0) throw notFound('webhook')
        await securityEvents.record(tx.query, userId, 'webhook_deleted', device)
      })
      // Nothing shows or sends them any more; what a kill leaves here goes with its age.
      await deleteInBatches(db.primary, DELETE_DELIVERIES, undefined, [webhookId])
    },
  }
}

function assertSends(key: string | undefined): asserts key is string {
  if (key === undefined) throw new DarkroomError('invalid', 'This installation sends no webhooks.')
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
