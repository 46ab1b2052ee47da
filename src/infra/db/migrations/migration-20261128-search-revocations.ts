import { Migration } from '@mikro-orm/migrations'

/** What searches must leave out until the index has caught up, put where no feature can forget it. */
export class Migration20261128SearchRevocations extends Migration {
  override up(): void {
    this.addSql(`
      CREATE TABLE search_revocations (
        subject     varchar(64) PRIMARY KEY,
        owner_id    bigint NOT NULL REFERENCES users ON DELETE CASCADE,
        min_version integer NOT NULL,
        since       timestamptz(3) NOT NULL
      )`)
    this.addSql(`
      COMMENT ON TABLE search_revocations IS
        'photo/<id> or account/<id> that was narrowed since its search documents were last brought in line'`)
    this.addSql(`CREATE INDEX search_revocations_since_idx ON search_revocations (since DESC)`)
    this.addSql(`CREATE INDEX search_revocations_owner_idx ON search_revocations (owner_id)`)
    this.photos()
    this.accounts()
  }

  private photos(): void {
    this.addSql(`
      CREATE FUNCTION revoke_photo_in_search() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO search_revocations (subject, owner_id, min_version, since)
        VALUES ('photo/' || NEW.photo_id, NEW.owner_id, NEW.version, clock_timestamp())
        ON CONFLICT (subject) DO UPDATE SET min_version = excluded.min_version;
        RETURN NULL;
      END $$`)
    this.addSql(`
      CREATE TRIGGER photos_revoke_in_search
        AFTER UPDATE OF status, visibility, share_location, share_camera, share_taken_at, latitude, longitude, taken_at ON photos
        FOR EACH ROW WHEN (OLD.status = 'ready' AND (
          photo_reach(NEW.status, NEW.visibility) < photo_reach(OLD.status, OLD.visibility)
          OR OLD.share_location AND NOT NEW.share_location OR OLD.share_camera AND NOT NEW.share_camera
          OR OLD.share_taken_at AND NOT NEW.share_taken_at
          OR OLD.share_location AND OLD.latitude IS NOT NULL
            AND (OLD.latitude, OLD.longitude) IS DISTINCT FROM (NEW.latitude, NEW.longitude)
          OR OLD.share_taken_at AND OLD.taken_at IS NOT NULL AND OLD.taken_at IS DISTINCT FROM NEW.taken_at))
        EXECUTE FUNCTION revoke_photo_in_search()`)
  }

  private accounts(): void {
    this.addSql(`
      CREATE FUNCTION revoke_account_in_search() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO search_revocations (subject, owner_id, min_version, since)
        VALUES ('account/' || NEW.user_id, NEW.user_id, NEW.access_epoch, clock_timestamp())
        ON CONFLICT (subject) DO UPDATE SET min_version = excluded.min_version;
        RETURN NULL;
      END $$`)
    this.addSql(`
      CREATE TRIGGER users_revoke_in_search AFTER UPDATE OF is_private, status ON users FOR EACH ROW
        WHEN (NEW.is_private AND NOT OLD.is_private OR NEW.status <> 'active' AND OLD.status = 'active')
        EXECUTE FUNCTION revoke_account_in_search()`)
  }

  override down(): void {
    this.addSql(`DROP TRIGGER users_revoke_in_search ON users`)
    this.addSql(`DROP TRIGGER photos_revoke_in_search ON photos`)
    this.addSql(`DROP FUNCTION revoke_account_in_search(), revoke_photo_in_search()`)
    this.addSql(`DROP TABLE search_revocations`)
  }
}
