import { v7 as uuidv7 } from 'uuid'
import { DarkroomError, invalidField, notFound } from '../../domain/errors.ts'
import type { UserId } from '../../domain/ids.ts'
import { MAX_ITEMS } from '../../domain/limits.ts'
import type { UserViewer } from '../../domain/viewer.ts'
import type { PushSubscriptionRow } from '../../entities/index.ts'
import type { Database } from '../../infra/db/database.ts'
import type { UserUrls } from '../../infra/https/user-urls.ts'
import { isUsable, type SubscriptionKeys } from '../../infra/web-push/encrypt.ts'
import { pageOfRows, type ListRead, type Page } from '../lists/list-read.ts'

export type ShownSubscription = Pick<
  PushSubscriptionRow,
  'subscription_id' | 'session_id' | 'endpoint' | 'created_at'
>

interface NewSubscription {
  endpoint: URL
  keys: SubscriptionKeys
}

export interface PushSubscriptions {
  /** With which browsers subscribe; null where the installation pushes nothing. */
  publicKey: string | null
  /**
   * Has a device told of notifications until its session ends. An endpoint is one browser: whoever is signed in there takes it over.
   * @throws DarkroomError invalid, blocked_address
   */
  add(
    viewer: { userId: UserId; sessionId: string },
    subscription: NewSubscription,
  ): Promise<{ subscription: ShownSubscription; isNew: boolean }>
  /** Those of the viewer's devices that are signed in, latest first. @throws DarkroomError bad_cursor */
  list(list: ListRead<UserViewer>): Promise<Page<ShownSubscription>>
  /** @throws DarkroomError not_found */
  remove(userId: UserId, endpoint: URL): Promise<void>
}

export interface PushSubscriptionsDeps {
  db: Database
  userUrls: Pick<UserUrls, 'refusalOf'>
  publicKey: string | undefined
}

const COLUMNS = 'p.subscription_id, p.session_id, p.endpoint, p.created_at'

const UPSERT = `
  INSERT INTO push_subscriptions AS p (subscription_id, user_id, session_id, endpoint, p256dh, auth)
  VALUES ($1, $2, $3, $4, $5, $6)
  ON CONFLICT (endpoint) DO UPDATE SET user_id = excluded.user_id, session_id = excluded.session_id, p256dh = excluded.p256dh,
    auth = excluded.auth
  RETURNING ${COLUMNS}`

// The oldest leave when others come.
const TRIM = `
  DELETE FROM push_subscriptions WHERE subscription_id IN (
    SELECT subscription_id FROM push_subscriptions WHERE user_id = $1
    ORDER BY subscription_id DESC OFFSET ${MAX_ITEMS.pushSubscriptionsPerUser})`

// Walks push_subscriptions_user_idx from the cursor. Ids are UUID v7.
const LIST = `
  SELECT ${COLUMNS} FROM push_subscriptions p JOIN sessions s USING (session_id)
  WHERE p.user_id = $1 AND s.revoked_at IS NULL AND s.expires_at > now()
    AND p.subscription_id < coalesce($2::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
  ORDER BY p.subscription_id DESC LIMIT $3`

export function createPushSubscriptions({
  db,
  userUrls,
  publicKey,
}: PushSubscriptionsDeps): PushSubscriptions {
  return {
    publicKey: publicKey ?? null,

    async add({ userId, sessionId }, { endpoint, keys }) {
      if (publicKey === undefined)
        throw new DarkroomError('invalid', 'This installation pushes nothing to browsers.')
      if (!isUsable(keys)) throw invalidField('body.keys', 'Not keys of a browser.')
      const refusal = await userUrls.refusalOf(endpoint)
      if (refusal === 'address')
        throw new DarkroomError('blocked_address', 'The endpoint is not of the public internet.', {
          fields: [{ path: 'body.endpoint', message: 'Not of the public internet, or nowhere.' }],
        })
      if (refusal) throw invalidField('body.endpoint', 'Not an endpoint of a push service.')
      const subscriptionId = uuidv7()
      return db.transaction(async (tx) => {
        const [subscription] = await tx.query<ShownSubscription>({
          text: UPSERT,
          values: [subscriptionId, userId, sessionId, endpoint.href, keys.p256dh, keys.auth],
        })
        await tx.query({ text: TRIM, values: [userId] })
        return { subscription: subscription!, isNew: subscription!.subscription_id === subscriptionId }
      })
    },

    async list(list) {
      const [subscriptionId] = list.after(['string']) ?? [null]
      const rows = await list.query<ShownSubscription>({
        name: 'push-subscriptions',
        text: LIST,
        values: [list.viewer.userId, subscriptionId, list.limit + 1],
      })
      return pageOfRows(list, rows, (row) => [row.subscription_id])
    },

    async remove(userId, endpoint) {
      const rows = await db.primary({
        text: 'DELETE FROM push_subscriptions WHERE endpoint = $1 AND user_id = $2 RETURNING 1',
        values: [endpoint.href, userId],
      })
      if (rows.length === 0) throw notFound('subscription')
    },
  }
}
