import pMap from 'p-map'
import type { Database } from '../../infra/db/database.ts'
import type { PostOutcome, UserUrls } from '../../infra/https/user-urls.ts'
import { encryptForBrowser } from '../../infra/web-push/encrypt.ts'
import type { Vapid } from '../../infra/web-push/vapid.ts'
import { webPushEnded, type WebPushOutcome } from '../../observability/web-push-events.ts'
import { messageOf, type PushableNotification } from './message.ts'
import { JUDGE } from './judge-pushes.ts'

/**
 * Tells devices of what a writer's accounts are owed, batch by batch. A push that is repeated after its effect replaces itself on the
 * device, as both carry the same tag.
 * @param writer 0 to NOTIFICATION_WRITERS - 1
 * @param signal ends it at once
 * @param slice ends it after the batch that is under way
 * @returns how many pushes were taken, and whether more may be due
 */
export type SendPushes = (
  writer: number,
  signal?: AbortSignal,
  slice?: AbortSignal,
) => Promise<{ taken: number; more: boolean }>

export interface SendPushesDeps {
  db: Pick<Database, 'primary'>
  userUrls: Pick<UserUrls, 'post'>
  vapid: Pick<Vapid, 'authorize'>
}

/** All sent at once; endpoints that stall hold up the others of their batch for 10 s at most. */
const BATCH_PUSHES = 20
/** After so many tries, or an hour, it is no news. */
const MAX_ATTEMPTS = 5
const KEPT = `interval '1 hour'`

// A push that is taken is due again 30 s, 2 min, 8 min … later, which is also how long one whose worker dies waits. Plan:
// owed_pushes_due_idx.
const TAKE = `
  UPDATE owed_pushes SET attempts = attempts + 1, due_at = clock_timestamp() + interval '30 seconds' * 4 ^ attempts
  WHERE (subscription_id, notification_id) IN (
    SELECT subscription_id, notification_id FROM owed_pushes WHERE writer = $1 AND due_at <= clock_timestamp()
    ORDER BY due_at LIMIT ${BATCH_PUSHES} FOR UPDATE SKIP LOCKED)
  RETURNING subscription_id, notification_id, attempts > ${MAX_ATTEMPTS} OR created_at < now() - ${KEPT} AS is_late`

const FORGET = `
  DELETE FROM owed_pushes WHERE (subscription_id, notification_id) IN (
    SELECT * FROM unnest($1::uuid[], $2::bigint[]))`

// What is owed to it is found to be of nobody when it is due.
const FORGET_SUBSCRIPTIONS = `DELETE FROM push_subscriptions WHERE subscription_id = ANY ($1::uuid[]) AND endpoint = ANY ($2::text[])`

interface TakenPush {
  subscription_id: string
  notification_id: string
  is_late: boolean
}

type OwedPush = PushableNotification & {
  subscription_id: string
  endpoint: string
  p256dh: Buffer
  auth: Buffer
}

export function createSendPushes({ db, userUrls, vapid }: SendPushesDeps): SendPushes {
  async function send(push: OwedPush, signal?: AbortSignal): Promise<WebPushOutcome> {
    const url = new URL(push.endpoint)
    const { body, headers } = messageOf(push)
    const outcome = await userUrls.post({
      url,
      headers: {
        ...headers,
        'Content-Type': 'application/octet-stream',
        'Content-Encoding': 'aes128gcm',
        Authorization: await vapid.authorize(url),
      },
      body: encryptForBrowser(body, push),
      signal,
    })
    return judge(outcome)
  }

  async function sendBatch(writer: number, signal?: AbortSignal): Promise<number> {
    const taken = await db.primary<TakenPush & Record<string, unknown>>({
      name: 'pushes-take',
      text: TAKE,
      values: [writer],
    })
    if (taken.length === 0) return 0
    const due = taken.filter((push) => !push.is_late)
    const owed = await db.primary<OwedPush & Record<string, unknown>>({
      name: 'pushes-judge',
      text: JUDGE,
      values: [due.map((push) => push.subscription_id), due.map((push) => push.notification_id)],
    })
    const outcomes = await pMap(owed, async (push) => ({ push, outcome: await send(push, signal) }), {
      concurrency: BATCH_PUSHES,
    })
    const again = new Set(
      outcomes.filter(({ outcome }) => outcome === 'failed').map(({ push }) => keyOf(push)),
    )
    await forget(taken.filter((push) => push.is_late || !again.has(keyOf(push))))
    const gone = outcomes.filter(({ outcome }) => outcome === 'gone').map(({ push }) => push)
    if (gone.length > 0) {
      await db.primary({
        text: FORGET_SUBSCRIPTIONS,
        values: [gone.map((push) => push.subscription_id), gone.map((push) => push.endpoint)],
      })
    }
    for (const { outcome } of outcomes) webPushEnded(outcome)
    for (const push of taken) if (push.is_late) webPushEnded('late')
    return taken.length
  }

  async function forget(pushes: readonly TakenPush[]): Promise<void> {
    if (pushes.length === 0) return
    await db.primary({
      text: FORGET,
      values: [pushes.map((push) => push.subscription_id), pushes.map((push) => push.notification_id)],
    })
  }

  return async (writer, signal, slice) => {
    for (let taken = 0; ;) {
      const batch = await sendBatch(writer, signal)
      taken += batch
      if (batch < BATCH_PUSHES) return { taken, more: false }
      if (slice?.aborted) return { taken, more: true }
    }
  }
}

const keyOf = ({ subscription_id: one, notification_id: other }: TakenPush | OwedPush) => `${one} ${other}`

/** What a push service means by its answer (RFC 8030). */
function judge(outcome: PostOutcome): WebPushOutcome {
  if ('failure' in outcome) return 'failed'
  const { status } = outcome
  if (status >= 200 && status < 300) return 'sent'
  if (status === 404 || status === 410) return 'gone'
  return status === 429 || status >= 500 ? 'failed' : 'refused'
}
