import { Migration } from '@mikro-orm/migrations'

/** What accounts are told of: events as they happen, and the notifications that workflows make of them (ADR 25). */
export class Migration20261127Notifications extends Migration {
  override up(): void {
    this.addEvents()
    this.addNotifications()
    this.addSql(`
      CREATE TABLE notification_settings (
        user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
        kind    text NOT NULL CHECK (${isKind}),
        in_app  boolean,
        push    boolean,
        PRIMARY KEY (user_id, kind)
      )`)
    this.addSql(`COMMENT ON TABLE notification_settings IS 'null, like an absent row, is the default'`)
  }

  // No foreign keys: each would lock a row that thousands may write beside at the same moment, and the writer looks at what
  // is left of the event anyway. The key begins with the writer, so that each has its events in a range of their own.
  private addEvents(): void {
    this.addSql(`
      CREATE FUNCTION notification_writer(recipient bigint) RETURNS smallint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
        RETURN (recipient % 16)::smallint`)
    this.addSql(`
      COMMENT ON FUNCTION notification_writer(bigint) IS 'the writer of the account''s notifications'`)
    this.addSql(`
      CREATE TABLE notification_events (
        writer        smallint GENERATED ALWAYS AS (notification_writer(recipient_id)) STORED,
        event_id     bigint GENERATED ALWAYS AS IDENTITY,
        recipient_id bigint NOT NULL,
        kinds        text[] NOT NULL,
        actor_id     bigint,
        photo_id     uuid,
        album_id     uuid,
        item_id      uuid,
        created_at   timestamptz(3) NOT NULL DEFAULT now(),
        PRIMARY KEY (writer, event_id)
      )`)
    this.addSql(`
      COMMENT ON COLUMN notification_events.kinds IS 'the first one that the recipient wants to hear of is written'`)
    this.addSql(`COMMENT ON COLUMN notification_events.actor_id IS 'null: a guest without an account'`)
    this.addSql(
      `COMMENT ON COLUMN notification_events.item_id IS 'the new comment, or the item of a drop box'`,
    )
  }

  private addNotifications(): void {
    this.addSql(`
      CREATE FUNCTION notification_subject(comment uuid, photo uuid, album uuid) RETURNS uuid
        LANGUAGE sql IMMUTABLE PARALLEL SAFE
        RETURN coalesce(comment, photo, album, '00000000-0000-0000-0000-000000000000'::uuid)`)
    this.addSql(`
      CREATE TABLE notifications (
        notification_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        recipient_id    bigint NOT NULL REFERENCES users ON DELETE CASCADE,
        kind            text NOT NULL CHECK (${isKind}),
        photo_id        uuid,
        comment_id      uuid,
        album_id        uuid,
        subject_id      uuid NOT NULL GENERATED ALWAYS AS (notification_subject(comment_id, photo_id, album_id)) STORED,
        actor_count     integer NOT NULL DEFAULT 0,
        latest_at       timestamptz(3) NOT NULL,
        latest_event_id bigint NOT NULL,
        read_at         timestamptz(3)
      )`)
    this.addSql(`
      COMMENT ON COLUMN notifications.comment_id IS
        'of a reply, the comment that it answers; of a mention, the comment that makes it'`)
    this.addSql(`
      COMMENT ON COLUMN notifications.actor_count IS 'all that it was ever told of, those who have taken it back too'`)
    this.addSql(`COMMENT ON COLUMN notifications.latest_at IS
        'when the latest of it was written: never earlier than what the recipient could read before'`)
    this.addSql(`
      CREATE UNIQUE INDEX notifications_unread_idx ON notifications (recipient_id, kind, subject_id)
        WHERE read_at IS NULL`)
    this.addSql(`
      CREATE INDEX notifications_newest_idx ON notifications (recipient_id, latest_at DESC, latest_event_id DESC)`)
    this.addSql(`CREATE INDEX notifications_subject_idx ON notifications (recipient_id, kind, subject_id)`)
    this.addSql(`CREATE INDEX notifications_latest_idx ON notifications (latest_at)`)
    this.addSql(`
      CREATE TABLE notification_entries (
        notification_id bigint NOT NULL REFERENCES notifications ON DELETE CASCADE,
        event_id        bigint NOT NULL,
        actor_id        bigint,
        item_id         uuid,
        PRIMARY KEY (notification_id, event_id)
      )`)
    this.addSql(`
      CREATE UNIQUE INDEX notification_entries_once_idx ON notification_entries (notification_id, actor_id, item_id)
        NULLS NOT DISTINCT`)
  }

  override down(): void {
    this.addSql(`DROP TABLE notification_settings, notification_entries, notifications, notification_events`)
    this.addSql(`DROP FUNCTION notification_writer(bigint), notification_subject(uuid, uuid, uuid)`)
  }
}

const isKind = `kind IN ('follow', 'follow_request', 'follow_approved', 'like', 'comment', 'reply', 'mention',
  'album_shared', 'drop_box')`
