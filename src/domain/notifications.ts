/** What an account is told of. Stored, so a kind keeps its name. */
export const NOTIFICATION_KINDS = [
  'follow',
  'follow_request',
  'follow_approved',
  'like',
  'comment',
  'reply',
  'mention',
  'album_shared',
  'drop_box',
  'original_restored',
  'moderation_decision',
  'report_outcome',
  'security',
  'webhook_disabled',
  'export_ready',
] as const
export type NotificationKind = (typeof NOTIFICATION_KINDS)[number]

/** Whoever takes an account over would turn these off first. */
export const ALWAYS_IN_APP = 'security' satisfies NotificationKind

/** How an account wants to hear of a kind. */
export interface NotificationSetting {
  /** In the list of notifications. */
  inApp: boolean
  /** On the account's devices that have a push subscription. */
  push: boolean
}

export const DEFAULT_NOTIFICATION_SETTING: NotificationSetting = { inApp: true, push: false }

/** Accounts are dealt over this many writers, each of which writes the notifications of its accounts one batch at a time. */
export const NOTIFICATION_WRITERS = 16

/**
 * The actors of a notification are counted one by one up to this many, as the recipient may know them; beyond it all that
 * were told of count.
 */
export const MAX_COUNTED_ACTORS = 100
