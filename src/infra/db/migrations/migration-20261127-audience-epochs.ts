import { Migration } from '@mikro-orm/migrations'

/** An account that turns a follower away revokes the signed URLs of its photos: those that are not public. */
export class Migration20261127AudienceEpochs extends Migration {
  override up(): void {
    this.addSql(`ALTER TABLE users ADD COLUMN audience_epoch integer NOT NULL DEFAULT 0`)
    this.addSql(`
      COMMENT ON COLUMN users.audience_epoch IS
        'rises whenever the account turns a follower away; image URLs carry its sum with access_epoch'`)
    this.addSql(`
      CREATE OR REPLACE FUNCTION retract_account() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        NEW.access_epoch := OLD.access_epoch + 1;
        IF NEW.is_private AND NOT OLD.is_private OR NEW.status <> 'active' AND OLD.status = 'active' THEN
          INSERT INTO retractions (subject, owner_id, min_epoch, since)
          VALUES ('account/' || NEW.user_id, NEW.user_id, NEW.access_epoch + NEW.audience_epoch, clock_timestamp())
          ON CONFLICT (subject) DO UPDATE SET min_epoch = excluded.min_epoch;
          PERFORM set_config('synchronous_commit', 'remote_apply', true);
        END IF;
        RETURN NEW;
      END $$`)
    this.addSql(`
      CREATE FUNCTION retract_audience() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO retractions (subject, owner_id, min_epoch, since)
        VALUES ('audience/' || NEW.user_id, NEW.user_id, NEW.access_epoch + NEW.audience_epoch, clock_timestamp())
        ON CONFLICT (subject) DO UPDATE SET min_epoch = excluded.min_epoch;
        PERFORM set_config('synchronous_commit', 'remote_apply', true);
        RETURN NEW;
      END $$`)
    this.addSql(`
      CREATE TRIGGER users_retract_audience AFTER UPDATE OF audience_epoch ON users FOR EACH ROW
        WHEN (NEW.audience_epoch > OLD.audience_epoch) EXECUTE FUNCTION retract_audience()`)
  }

  override down(): void {
    this.addSql(`DROP TRIGGER users_retract_audience ON users`)
    this.addSql(`DROP FUNCTION retract_audience()`)
    this.addSql(`
      CREATE OR REPLACE FUNCTION retract_account() RETURNS trigger LANGUAGE plpgsql AS $$
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
    this.addSql(`ALTER TABLE users DROP COLUMN audience_epoch`)
  }
}
