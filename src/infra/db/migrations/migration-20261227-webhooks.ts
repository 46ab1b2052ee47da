import { Migration } from '@mikro-orm/migrations'

/** Addresses that are told what happens to an account, and what they are told (ADR 64). */
export class Migration20261227Webhooks extends Migration {
  override up(): void {
    this.addSql(`
      CREATE TABLE webhooks (
        webhook_id      uuid PRIMARY KEY,
        user_id         bigint NOT NULL REFERENCES users ON DELETE CASCADE,
        url             varchar(2000) NOT NULL,
        events          text[] NOT NULL,
        created_at      timestamptz(3) NOT NULL DEFAULT now(),
        failing_since   timestamptz(3),
        disabled_at     timestamptz(3),
        disabled_reason text CHECK (disabled_reason IN ('owner', 'gone', 'failing')),
        disabled_by     uuid
      )`)
    this.addSql(`CREATE INDEX webhooks_user_idx ON webhooks (user_id, webhook_id DESC)`)
    this.deliveries()
    this.photos()
    for (const table of TABLES) this.setKinds(table, `${KINDS}, 'webhook_disabled'`)
  }

  // No foreign keys, for the reasons of notification_events: nobody waits for a lock, and whoever sends looks at what is left.
  private deliveries(): void {
    this.addSql(`
      CREATE TABLE webhook_deliveries (
        delivery_id  uuid PRIMARY KEY DEFAULT uuidv7(),
        webhook_id   uuid NOT NULL,
        event        varchar(60) NOT NULL,
        actor_id     bigint,
        photo_id     uuid,
        album_id     uuid,
        item_id      uuid,
        state        text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'under_way', 'delivered', 'failed')),
        attempts     integer NOT NULL DEFAULT 0,
        status_code  smallint,
        failure_code varchar(40),
        excerpt      varchar(200),
        created_at   timestamptz(3) NOT NULL DEFAULT now(),
        queued_at    timestamptz(3) NOT NULL DEFAULT now(),
        attempted_at timestamptz(3)
      )`)
    this.addSql(`
      COMMENT ON TABLE webhook_deliveries IS 'what webhooks are to be told of, or were: the queue of each, and its latest history'`)
    this.addSql(`
      CREATE INDEX webhook_deliveries_webhook_idx ON webhook_deliveries (webhook_id, delivery_id DESC)`)
    this.addSql(`
      CREATE INDEX webhook_deliveries_open_idx ON webhook_deliveries (state, webhook_id, delivery_id)
        WHERE state IN ('queued', 'under_way')`)
    this.addSql(`CREATE INDEX webhook_deliveries_queued_at_idx ON webhook_deliveries (queued_at)`)
    // For who finds what is left of an account.
    this.addSql(`
      CREATE INDEX webhook_deliveries_actor_idx ON webhook_deliveries (actor_id) WHERE actor_id IS NOT NULL`)
    // Liking, unliking and liking again is told once, as it is of notifications. What becomes of a photo may happen twice.
    this.addSql(`
      CREATE UNIQUE INDEX webhook_deliveries_once_idx
        ON webhook_deliveries (webhook_id, event, actor_id, photo_id, album_id, item_id) NULLS NOT DISTINCT
        WHERE actor_id IS NOT NULL OR item_id IS NOT NULL`)
  }

  private photos(): void {
    this.addSql(`
      CREATE FUNCTION owe_photo_deliveries() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO webhook_deliveries (webhook_id, event, photo_id)
        SELECT w.webhook_id, happened.event, NEW.photo_id
        FROM webhooks w, (SELECT CASE
          WHEN NEW.status = 'failed' THEN 'photo.failed'
          WHEN NEW.status = 'trashed' THEN 'photo.trashed'
          WHEN NEW.status = 'deleted' AND OLD.published_at IS NOT NULL THEN 'photo.deleted'
          WHEN NEW.status = 'ready' AND OLD.status IN ('processing', 'offered') THEN 'photo.ready'
          WHEN NEW.status = 'ready' THEN 'photo.restored' END) happened (event)
        WHERE w.user_id = NEW.owner_id AND w.disabled_at IS NULL AND happened.event = ANY (w.events);
        RETURN NULL;
      END $$`)
    this.addSql(`
      CREATE TRIGGER photos_owe_deliveries AFTER UPDATE OF status ON photos FOR EACH ROW
        WHEN (OLD.status <> NEW.status AND NEW.status IN ('ready', 'failed', 'trashed', 'deleted'))
        EXECUTE FUNCTION owe_photo_deliveries()`)
  }

  private setKinds(table: string, kinds: string): void {
    this.addSql(`
      ALTER TABLE ${table} DROP CONSTRAINT ${table}_kind_check,
        ADD CONSTRAINT ${table}_kind_check CHECK (kind IN (${kinds}))`)
  }

  override down(): void {
    for (const table of TABLES) {
      this.addSql(`DELETE FROM ${table} WHERE kind = 'webhook_disabled'`)
      this.setKinds(table, KINDS)
    }
    this.addSql(`DROP TRIGGER photos_owe_deliveries ON photos`)
    this.addSql(`DROP FUNCTION owe_photo_deliveries()`)
    this.addSql(`DROP TABLE webhook_deliveries, webhooks`)
  }
}

const TABLES = ['notifications', 'notification_settings']
const KINDS = `'follow', 'follow_request', 'follow_approved', 'like', 'comment', 'reply', 'mention', 'album_shared',
  'drop_box', 'original_restored', 'moderation_decision', 'report_outcome', 'security'`
