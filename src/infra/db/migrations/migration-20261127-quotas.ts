import { Migration } from '@mikro-orm/migrations'

/** What an account stores is counted where photos are written, so that no feature can forget to charge or to refund. */
export class Migration20261127Quotas extends Migration {
  override up(): void {
    this.addSql(`ALTER TABLE users ADD COLUMN max_bytes bigint, ADD COLUMN max_photos integer`)
    this.addSql(`COMMENT ON COLUMN users.max_bytes IS 'instead of MAX_ACCOUNT_BYTES, if an operator set it'`)
    this.addSql(
      `COMMENT ON COLUMN users.max_photos IS 'instead of MAX_ACCOUNT_PHOTOS, if an operator set it'`,
    )
    this.addSql(`
      CREATE TABLE user_storage (
        user_id bigint PRIMARY KEY REFERENCES users ON DELETE CASCADE,
        bytes   bigint NOT NULL DEFAULT 0,
        photos  bigint NOT NULL DEFAULT 0
      )`)
    this.addSql(`
      COMMENT ON TABLE user_storage IS
        'the originals of an account, those that are awaited included; kept by deferred triggers of photos (ADR 34)'`)
    // No photo changes between its row being counted and the triggers being there.
    this.addSql(`LOCK TABLE photos IN SHARE ROW EXCLUSIVE MODE`)
    this.addSql(`
      CREATE FUNCTION occupies_storage(status text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
        RETURN status NOT IN ('failed', 'deleted')`)
    this.addSql(`
      INSERT INTO user_storage (user_id, bytes, photos)
      SELECT owner_id, sum(bytes), count(*) FROM photos WHERE occupies_storage(status) GROUP BY owner_id`)
    this.addSql(`
      CREATE FUNCTION charge_photo() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF TG_OP <> 'INSERT' AND occupies_storage(OLD.status) THEN
          UPDATE user_storage SET bytes = bytes - OLD.bytes, photos = photos - 1 WHERE user_id = OLD.owner_id;
        END IF;
        IF TG_OP <> 'DELETE' AND occupies_storage(NEW.status) THEN
          INSERT INTO user_storage AS used (user_id, bytes, photos) VALUES (NEW.owner_id, NEW.bytes, 1)
          ON CONFLICT (user_id) DO UPDATE SET bytes = used.bytes + excluded.bytes, photos = used.photos + excluded.photos;
        END IF;
        RETURN NULL;
      END $$`)
    // Deferred: the account's row is the last lock of every transaction, whatever else it takes and in which order.
    this.addSql(`
      CREATE CONSTRAINT TRIGGER photos_charged_in AFTER INSERT ON photos DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
        WHEN (occupies_storage(NEW.status)) EXECUTE FUNCTION charge_photo()`)
    this.addSql(`
      CREATE CONSTRAINT TRIGGER photos_charged AFTER UPDATE OF status, bytes, owner_id ON photos
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
        WHEN ((occupies_storage(OLD.status), OLD.bytes, OLD.owner_id)
          IS DISTINCT FROM (occupies_storage(NEW.status), NEW.bytes, NEW.owner_id))
        EXECUTE FUNCTION charge_photo()`)
    this.addSql(`
      CREATE CONSTRAINT TRIGGER photos_charged_out AFTER DELETE ON photos DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
        WHEN (occupies_storage(OLD.status)) EXECUTE FUNCTION charge_photo()`)
    // An owner's photos of the last hour, as ids begin with their time; and those with given bytes.
    this.addSql(`CREATE INDEX photos_owner_id_idx ON photos (owner_id, photo_id)`)
    this.addSql(`CREATE INDEX photos_owner_sha256_idx ON photos (owner_id, sha256) WHERE sha256 IS NOT NULL`)
  }

  override down(): void {
    this.addSql(`DROP INDEX photos_owner_sha256_idx`)
    this.addSql(`DROP INDEX photos_owner_id_idx`)
    for (const name of ['photos_charged_out', 'photos_charged', 'photos_charged_in'])
      this.addSql(`DROP TRIGGER ${name} ON photos`)
    this.addSql(`DROP FUNCTION charge_photo(), occupies_storage(text)`)
    this.addSql(`DROP TABLE user_storage`)
    this.addSql(`ALTER TABLE users DROP COLUMN max_bytes, DROP COLUMN max_photos`)
  }
}
