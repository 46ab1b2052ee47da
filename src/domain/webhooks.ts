import type { NotificationKind } from './notifications.ts'
import { SECURITY_EVENT_KINDS, type SecurityEventKind } from './security-events.ts'

/** What becomes of an account's own photos. Triggers of `photos` name these. */
const PHOTO_EVENTS = [
  'photo.ready',
  'photo.failed',
  'photo.trashed',
  'photo.restored',
  'photo.deleted',
] as const

/** The events that tell of what an account is notified of. Those of safety are named by their own kinds. */
export const EVENT_OF_NOTIFICATION = {
  follow: 'follow.received',
  follow_request: 'follow.requested',
  follow_approved: 'follow.approved',
  like: 'like.received',
  comment: 'comment.received',
  reply: 'comment.replied',
  mention: 'comment.mentioned',
  album_shared: 'album.shared',
  drop_box: 'drop_box.received',
  original_restored: 'original.restored',
  moderation_decision: 'moderation.decided',
  report_outcome: 'report.decided',
  export_ready: 'export.ready',
} as const satisfies Partial<Record<NotificationKind, string>>

type NotificationEvent = (typeof EVENT_OF_NOTIFICATION)[keyof typeof EVENT_OF_NOTIFICATION]

/** What a webhook can be told of. Stored, so an event keeps its name. */
export type WebhookEvent = (typeof PHOTO_EVENTS)[number] | NotificationEvent | `security.${SecurityEventKind}`

export const WEBHOOK_EVENTS: readonly [WebhookEvent, ...WebhookEvent[]] = [
  ...PHOTO_EVENTS,
  ...Object.values(EVENT_OF_NOTIFICATION),
  ...SECURITY_EVENT_KINDS.map((kind) => `security.${kind}` as const),
]

/** Where a delivery stands: it waits for others, is tried, or is over. */
export const DELIVERY_STATES = ['queued', 'under_way', 'delivered', 'failed'] as const
export type DeliveryState = (typeof DELIVERY_STATES)[number]

/** Who or what has turned a webhook off. */
export const DISABLED_REASONS = ['owner', 'gone', 'failing'] as const
export type DisabledReason = (typeof DISABLED_REASONS)[number]

/** For how long a secret goes on signing beside the one that has replaced it, after Standard Webhooks. */
export const PREVIOUS_SECRET_HOURS = 24
/** Each signature is 47 characters of a header. */
const MAX_SIGNATURES = 5

/**
 * The generations of secrets that sign a message, the latest first: receivers take a message that one of them has signed.
 * @param webhook as stored; of more generations than a message has signatures, the latest sign
 */
export function signingGenerations(
  webhook: { secret_generation: number; oldest_generation: number; previous_secrets_until: Date | null },
  now: Date,
): number[] {
  const { secret_generation: latest, oldest_generation: oldest, previous_secrets_until: until } = webhook
  const count = until !== null && now < until ? Math.min(latest - oldest + 1, MAX_SIGNATURES) : 1
  return Array.from({ length: count }, (_, n) => latest - n)
}

/** For how long a delivery is tried. */
export const DELIVERY_HOURS = 24
const DELIVERY_MS = DELIVERY_HOURS * 3_600_000

/** After the first attempt, the second and so on, in seconds; the last one again and again. */
const RETRY_SECONDS = [5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 21_600]
/** Deliveries that failed together are not tried again together. */
const SPREAD = 0.1

/**
 * How long after a failed attempt the next one comes, in milliseconds; undefined if the time of the delivery is up by then.
 * @param attempts how many there were
 * @param ageMs since the delivery was queued
 * @param random 0 to 1
 */
export function retryAfterMs(attempts: number, ageMs: number, random: number): number | undefined {
  const seconds = RETRY_SECONDS[Math.min(attempts, RETRY_SECONDS.length) - 1]!
  const delayMs = Math.round(seconds * 1_000 * (1 + SPREAD * (2 * random - 1)))
  return ageMs + delayMs > DELIVERY_MS ? undefined : delayMs
}
