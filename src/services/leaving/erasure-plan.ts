import { isUnderReview } from '../../infra/db/rules.ts'

/**
 * What becomes of each table when an account is erased. Every table of the database is named here, which a test compares with the
 * catalog: whoever adds one has to think about it.
 */
export type TablePlan =
  /** Nothing of the account is left for which the condition holds. With a `key`, its rows are deleted by it. */
  | { erased: Condition; key?: string }
  /** The same, but for what stays, and why: until what moderation keeps is deleted, or without an end that could be told. */
  | { erased?: Condition; kept: Condition; why: string; stays?: true }
  /** Tells of no account, or of none for long. */
  | { impersonal: string }

/** SQL that is true of what is the account's; `id` is a bigint. */
type Condition = (id: string) => string

const ofUser: Condition = (id) => `user_id = ${id}`
const ofOwner: Condition = (id) => `owner_id = ${id}`
/** Of photos that the account owns. */
const ofPhotos: Condition = (id) => `photo_id IN (SELECT photo_id FROM photos WHERE owner_id = ${id})`

/** Photos that moderation reviews are evidence: in the trash, hidden from everyone, until their case is closed. */
const IS_EVIDENCE = `status = 'trashed' AND ${isUnderReview('photo', 'photos.photo_id')}`
const exceptEvidence: Condition = (id) =>
  `photo_id IN (SELECT photo_id FROM photos WHERE owner_id = ${id} AND NOT (${IS_EVIDENCE}))`
const ofEvidence: Condition = (id) =>
  `photo_id IN (SELECT photo_id FROM photos WHERE owner_id = ${id} AND ${IS_EVIDENCE})`
const WHY_EVIDENCE = 'Of photos that moderation reviews, until their case is closed.'
const withPhotos: TablePlan = { erased: exceptEvidence, kept: ofEvidence, why: WHY_EVIDENCE }

const rows = (key: string, erased: Condition = ofUser): TablePlan => ({ key, erased })
const ofEither =
  (one: string, other: string): Condition =>
  (id) =>
    `(${one} = ${id} OR ${other} = ${id})`

const ofExports: Condition = (id) =>
  `export_id IN (SELECT export_id FROM account_exports WHERE user_id = ${id})`

/** Rows with a `key` are deleted in this order. */
export const ERASURE_PLAN: Readonly<Record<string, TablePlan>> = {
  account_exports: { erased: ofUser },
  export_parts: { erased: ofExports },
  export_entries: { erased: ofExports },

  // Programs and devices that are told of it.
  webhook_deliveries: rows(
    'delivery_id',
    (id) => `(webhook_id IN (SELECT webhook_id FROM webhooks WHERE user_id = ${id}) OR actor_id = ${id})`,
  ),
  webhooks: rows('webhook_id'),
  owed_pushes: rows(
    'subscription_id, notification_id',
    (id) => `writer = notification_writer(${id}) AND recipient_id = ${id}`,
  ),
  push_subscriptions: rows('subscription_id'),

  // What signs in, and what is known of it.
  refresh_tokens: rows(
    'token_hash',
    (id) => `session_id IN (SELECT session_id FROM sessions WHERE user_id = ${id})`,
  ),
  sessions: rows('session_id'),
  personal_tokens: rows('token_id'),
  totp_secrets: rows('user_id, is_confirmed'),
  passkeys: rows('passkey_id'),
  recovery_codes: rows('user_id, code_hash'),
  factor_challenges: rows('challenge_hash'),
  external_identities: rows('identity_id'),
  external_sign_ins: rows('handle_hash'),
  security_events: rows('security_event_id'),
  idempotency_keys: rows('user_id, route, key'),
  account_names: rows('user_id, word'),

  // Others.
  follows: { erased: ofEither('follower_id', 'followee_id') },
  follow_requests: rows('follower_id, followee_id', ofEither('follower_id', 'followee_id')),
  blocks: rows('blocker_id, blocked_id', ofEither('blocker_id', 'blocked_id')),
  mutes: rows('muter_id, muted_id', ofEither('muter_id', 'muted_id')),
  feed_items: rows('user_id, score, photo_id'),
  feed_state: rows('user_id'),

  // What it said of others' photos. What stands for the sake of replies is empty.
  likes: { erased: ofUser },
  comments: {
    erased: (id) =>
      `author_id = ${id} AND text <> '' AND NOT ${isUnderReview('comment', 'comments.comment_id')}`,
    kept: (id) => `author_id = ${id} AND (text <> '' OR erased_at IS NOT NULL)`,
    why: 'Comments that others replied to stand without words or a name; what moderation reviews, until its case is closed.',
    stays: true,
  },
  comment_mentions: rows('comment_id, user_id'),

  // Photos, and all that hangs on them.
  photos: {
    erased: (id) => `owner_id = ${id} AND NOT (${IS_EVIDENCE})`,
    kept: (id) => `owner_id = ${id} AND ${IS_EVIDENCE}`,
    why: WHY_EVIDENCE,
  },
  photo_variants: withPhotos,
  photo_metadata: withPhotos,
  photo_tags: withPhotos,
  photo_texts: withPhotos,
  photo_embeddings: withPhotos,
  dismissed_tags: withPhotos,
  photo_counters: withPhotos,
  photo_distribution: withPhotos,
  photo_verdicts: withPhotos,
  photo_takedowns: withPhotos,
  photo_erasures: withPhotos,
  trashed_photos: withPhotos,
  multipart_uploads: withPhotos,
  cold_originals: withPhotos,
  drop_box_items: withPhotos,
  popularity_marks: { erased: ofPhotos },
  in_flight: { erased: ofOwner },
  retractions: { erased: ofOwner },
  search_revocations: rows('subject', ofOwner),

  avatars: { erased: ofOwner },

  // Albums and links.
  albums: { erased: ofOwner },
  album_members: { erased: ofUser },
  album_photos: { erased: ofPhotos },
  album_activity: { erased: ofEither('actor_id', 'user_id') },
  share_links: { erased: (id) => `created_by = ${id}` },

  // What it was told, and what others were told of it.
  notifications: { erased: (id) => `recipient_id = ${id}` },
  notification_entries: { erased: (id) => `actor_id = ${id}` },
  notification_events: rows('writer, event_id', ofEither('recipient_id', 'actor_id')),
  notification_settings: rows('user_id, kind'),

  // Moderation.
  reports: {
    erased: (id) => `reporter_id = ${id} AND detail IS NOT NULL`,
    kept: (id) => `reporter_id = ${id}`,
    why: 'What it reported, without a name or its words.',
  },
  moderation_cases: {
    erased: (id) => `owner_id = ${id} AND state = 'closed' AND evidence -> 'texts' <> '{}'`,
    kept: ofOwner,
    why: 'Cases about it; those that are open with their evidence.',
  },
  moderation_decisions: { kept: ofOwner, why: 'What was decided, under which policy and why.' },
  moderation_appeals: {
    kept: (id) => `decision_id IN (SELECT decision_id FROM moderation_decisions WHERE owner_id = ${id})`,
    why: 'Appeals and their answers.',
  },
  moderation_audit: {
    kept: (id) => `(subject = 'user/' || ${id} OR actor_id = ${id})`,
    why: 'The log of moderation, whose entries are chained: it has the number of the account and no name.',
    stays: true,
  },

  // The account itself.
  user_counters: { erased: ofUser },
  user_photo_counts: { erased: ofUser },
  user_storage: { erased: ofUser },
  users: {
    erased: (id) => `user_id = ${id} AND status <> 'erased'`,
    kept: (id) => `user_id = ${id} AND status = 'erased'`,
    why: 'A number without a name, to which the rest of this list refers.',
    stays: true,
  },
  account_erasures: { kept: ofUser, why: 'The receipt.' },

  account_erasure_items: { impersonal: 'The lines of the receipt.' },
  blobs: { impersonal: 'The bytes of an original go with the last photo that has them.' },
  blocked_pictures: { impersonal: 'Hashes of pictures that are recognised; nothing says whose they were.' },
  cold_storage_runs: { impersonal: 'Counts alone.' },
  explore_orders: { impersonal: 'Ids of photos that everyone saw; each order is gone after two hours.' },
  moderation_policies: { impersonal: 'Texts of the operator.' },
  original_counts: { impersonal: 'Counts alone.' },
  outbox: { impersonal: 'Ids on their way to Temporal.' },
  replicas: { impersonal: 'Servers.' },
  reserved_usernames: { impersonal: 'Keyed digests of names.' },
  sweep_positions: { impersonal: 'Where sweeps go on.' },
  tag_labels: { impersonal: 'The tags of the operator.' },
  trending_tags: { impersonal: 'Tags of many, and ids of photos that everyone saw; gone after two hours.' },
}
