import { Migration } from '@mikro-orm/migrations'

/** Originals go cold when they are old, and come back for a while when their owners ask (ADR 36). */
export class Migration20261127ColdStorage extends Migration {
  override up(): void {
    this.addSql(`
      ALTER TABLE blobs
        ADD COLUMN tier text NOT NULL DEFAULT 'hot' CHECK (tier IN ('hot', 'cold')),
        ADD COLUMN cooling_at timestamptz(3),
        ADD COLUMN restored_key varchar(1024),
        ADD COLUMN restored_until timestamptz(3),
        ADD CHECK ((restored_key IS NULL) = (restored_until IS NULL)),
        ADD CHECK (restored_key IS NULL OR tier = 'cold')`)
    this.addSql(
      `COMMENT ON COLUMN blobs.tier IS 'cold: object_key is in the cold storage, and no upload joins it'`,
    )
    this.addSql(
      `COMMENT ON COLUMN blobs.cooling_at IS 'a copy may have been made in the cold storage since then'`,
    )
    this.addSql(`COMMENT ON COLUMN blobs.restored_key IS 'a copy that may be read until restored_until'`)
    this.addSql(`
      CREATE INDEX blobs_hot_idx ON blobs (created_at, blob_id) WHERE tier = 'hot' AND state <> 'condemned'`)
    this.addSql(`CREATE INDEX blobs_cold_idx ON blobs (sha256, bytes) WHERE tier = 'cold'`)
    this.addSql(`CREATE INDEX blobs_restored_idx ON blobs (restored_until) WHERE restored_key IS NOT NULL`)
    this.addSql(`
      CREATE TABLE cold_originals (
        photo_id     uuid PRIMARY KEY REFERENCES photos ON DELETE CASCADE,
        state        text NOT NULL DEFAULT 'cold' CHECK (state IN ('cold', 'restoring', 'hot')),
        cold_since   timestamptz(3) NOT NULL DEFAULT now(),
        requested_at timestamptz(3),
        expected_at  timestamptz(3),
        hot_until    timestamptz(3),
        CHECK ((state = 'hot') = (hot_until IS NOT NULL))
      )`)
    this.addSql(`
      COMMENT ON TABLE cold_originals IS
        'photos whose originals are cold by their own age, whatever the blob that they share with others is'`)
    this.addSql(`COMMENT ON COLUMN cold_originals.state IS 'hot: restored until hot_until'`)
    this.addSql(`CREATE INDEX cold_originals_hot_idx ON cold_originals (hot_until) WHERE state = 'hot'`)
    const isKind = (table: string, kinds: string) =>
      this.addSql(`
        ALTER TABLE ${table} DROP CONSTRAINT ${table}_kind_check,
          ADD CONSTRAINT ${table}_kind_check CHECK (kind IN (${kinds}))`)
    isKind('notifications', `${KINDS}, 'original_restored'`)
    isKind('notification_settings', `${KINDS}, 'original_restored'`)
  }

  /** What is cold stays where it is, and cannot be read any more: bring all of it back first. */
  override down(): void {
    this.addSql(`DELETE FROM notifications WHERE kind = 'original_restored'`)
    this.addSql(`DELETE FROM notification_settings WHERE kind = 'original_restored'`)
    for (const table of ['notifications', 'notification_settings'])
      this.addSql(`
        ALTER TABLE ${table} DROP CONSTRAINT ${table}_kind_check,
          ADD CONSTRAINT ${table}_kind_check CHECK (kind IN (${KINDS}))`)
    this.addSql(`DROP TABLE cold_originals`)
    this.addSql(`
      ALTER TABLE blobs DROP COLUMN tier, DROP COLUMN cooling_at, DROP COLUMN restored_key, DROP COLUMN restored_until`)
  }
}

const KINDS = `'follow', 'follow_request', 'follow_approved', 'like', 'comment', 'reply', 'mention', 'album_shared',
  'drop_box'`
