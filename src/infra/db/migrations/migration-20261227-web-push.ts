import { Migration } from '@mikro-orm/migrations'

/** Devices that are told of notifications, and what they are still to be told (ADR 65). */
export class Migration20261227WebPush extends Migration {
  override up(): void {
    this.addSql(`
      CREATE TABLE push_subscriptions (
        subscription_id uuid PRIMARY KEY,
        user_id         bigint NOT NULL REFERENCES users ON DELETE CASCADE,
        session_id      uuid NOT NULL REFERENCES sessions ON DELETE CASCADE,
        endpoint        varchar(1000) NOT NULL UNIQUE,
        p256dh          bytea NOT NULL,
        auth            bytea NOT NULL,
        created_at      timestamptz(3) NOT NULL DEFAULT now()
      )`)
    this.addSql(
      `CREATE INDEX push_subscriptions_user_idx ON push_subscriptions (user_id, subscription_id DESC)`,
    )
    this.addSql(`CREATE INDEX push_subscriptions_session_idx ON push_subscriptions (session_id)`)
    this.addSql(`
      COMMENT ON COLUMN push_subscriptions.session_id IS 'nothing is pushed once it has ended'`)
    // No foreign keys, as notification_events has none: whoever sends looks at what is left.
    this.addSql(`
      CREATE TABLE owed_pushes (
        subscription_id uuid NOT NULL,
        notification_id bigint NOT NULL,
        recipient_id    bigint NOT NULL,
        writer          smallint NOT NULL GENERATED ALWAYS AS (notification_writer(recipient_id)) STORED,
        attempts        integer NOT NULL DEFAULT 0,
        due_at          timestamptz(3) NOT NULL DEFAULT now(),
        created_at      timestamptz(3) NOT NULL DEFAULT now(),
        PRIMARY KEY (subscription_id, notification_id)
      )`)
    this.addSql(`CREATE INDEX owed_pushes_due_idx ON owed_pushes (writer, due_at)`)
    this.addSql(`ALTER TABLE notifications ADD COLUMN pushed_at timestamptz(3)`)
    this.addSql(`COMMENT ON COLUMN notifications.pushed_at IS 'when devices were last owed a push of it'`)
  }

  override down(): void {
    this.addSql(`ALTER TABLE notifications DROP COLUMN pushed_at`)
    this.addSql(`DROP TABLE owed_pushes, push_subscriptions`)
  }
}
