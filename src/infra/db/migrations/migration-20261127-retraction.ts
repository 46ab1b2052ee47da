import { Migration } from '@mikro-orm/migrations'

/** What a narrowing owes, put where no feature can forget it: epochs, the retraction, and a commit that replicas have applied. */
export class Migration20261127Retraction extends Migration {
  override up(): void {
    this.addSql(`ALTER TABLE users ADD COLUMN access_epoch integer NOT NULL DEFAULT 0`)
    this.addSql(`
      COMMENT ON COLUMN users.access_epoch IS
        'rises whenever the reach of all the account''s photos changes; image URLs carry it, and edges deny lower ones'`)
    this.addSql(`
      CREATE TABLE retractions (
        subject   varchar(64) PRIMARY KEY,
        owner_id  bigint NOT NULL REFERENCES users ON DELETE CASCADE,
        min_epoch integer NOT NULL,
        since     timestamptz(3) NOT NULL
      )`)
    this.addSql(`
      COMMENT ON TABLE retractions IS
        'photo/<id> or account/<id> whose image URLs below min_epoch are not yet proven to be refused at every edge'`)
    this.addSql(`CREATE INDEX retractions_since_idx ON retractions (since)`)
    this.addSql(`CREATE INDEX retractions_owner_idx ON retractions (owner_id)`)

    this.addSql(`
      CREATE FUNCTION narrow_commit() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        PERFORM set_config('synchronous_commit', 'remote_apply', true);
        RETURN coalesce(NEW, OLD);
      END $$`)
    this.addSql(`
      COMMENT ON FUNCTION narrow_commit() IS
        'the commit of a transaction that takes a right away waits until the next read on a replica obeys it (ADR 4)'`)
    this.addSql(`
      CREATE FUNCTION photo_reach(status text, visibility text) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE
        RETURN CASE WHEN status = 'deleted' THEN 0 WHEN status <> 'ready' THEN 1 WHEN visibility = 'private' THEN 2
          WHEN visibility = 'followers' THEN 3 ELSE 4 END`)
    this.addSql(`
      COMMENT ON FUNCTION photo_reach(text, text) IS
        '0: nobody; 1: the owner; 2: members of albums as well; 3: followers; 4: everyone'`)
    this.photos()
    this.accounts()
    for (const [table, event] of [
      ['follows', 'DELETE'],
      ['blocks', 'INSERT'],
      ['share_link_grants', 'DELETE'],
    ] as const) {
      this.addSql(`
        CREATE TRIGGER ${table}_narrow AFTER ${event} ON ${table} FOR EACH STATEMENT EXECUTE FUNCTION narrow_commit()`)
    }
  }

  private photos(): void {
    this.addSql(`
      CREATE FUNCTION retract_photo() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        NEW.access_epoch := OLD.access_epoch + 1;
        IF OLD.published_at IS NOT NULL THEN
          INSERT INTO retractions (subject, owner_id, min_epoch, since)
          VALUES ('photo/' || NEW.photo_id, NEW.owner_id, NEW.access_epoch, clock_timestamp())
          ON CONFLICT (subject) DO UPDATE SET min_epoch = excluded.min_epoch;
        END IF;
        PERFORM set_config('synchronous_commit', 'remote_apply', true);
        RETURN NEW;
      END $$`)
    this.addSql(`
      CREATE TRIGGER photos_retract BEFORE UPDATE OF status, visibility, access_epoch ON photos FOR EACH ROW
        WHEN (photo_reach(NEW.status, NEW.visibility) < photo_reach(OLD.status, OLD.visibility)
          OR NEW.access_epoch > OLD.access_epoch)
        EXECUTE FUNCTION retract_photo()`)
    this.addSql(`
      CREATE TRIGGER photos_narrow BEFORE UPDATE OF share_location, share_camera, allow_download ON photos FOR EACH ROW
        WHEN (OLD.share_location AND NOT NEW.share_location OR OLD.share_camera AND NOT NEW.share_camera
          OR OLD.allow_download AND NOT NEW.allow_download)
        EXECUTE FUNCTION narrow_commit()`)
  }

  private accounts(): void {
    this.addSql(`
      CREATE FUNCTION retract_account() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        NEW.access_epoch := OLD.access_epoch + 1;
        IF NEW.is_private AND NOT OLD.is_private OR NEW.status <> 'active' AND OLD.status = 'active' THEN
          INSERT INTO retractions (subject, owner_id, min_epoch, since)
          VALUES ('account/' || NEW.user_id, NEW.user_id, NEW.access_epoch, clock_timestamp())
          ON CONFLICT (subject) DO UPDATE SET min_epoch = excluded.min_epoch;
          PERFORM set_config('synchronous_commit', 'remote_apply', true);
        END IF;
        RETURN NEW;
      END $$`)
    this.addSql(`
      CREATE TRIGGER users_retract BEFORE UPDATE OF is_private, status ON users FOR EACH ROW
        WHEN ((OLD.is_private, OLD.status) IS DISTINCT FROM (NEW.is_private, NEW.status))
        EXECUTE FUNCTION retract_account()`)
  }

  override down(): void {
    for (const table of ['follows', 'blocks', 'share_link_grants'])
      this.addSql(`DROP TRIGGER ${table}_narrow ON ${table}`)
    this.addSql(`DROP TRIGGER users_retract ON users`)
    this.addSql(`DROP TRIGGER photos_narrow ON photos`)
    this.addSql(`DROP TRIGGER photos_retract ON photos`)
    this.addSql(`DROP FUNCTION retract_account(), retract_photo(), photo_reach(text, text), narrow_commit()`)
    this.addSql(`DROP TABLE retractions`)
    this.addSql(`ALTER TABLE users DROP COLUMN access_epoch`)
  }
}
