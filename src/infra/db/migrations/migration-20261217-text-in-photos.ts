import { Migration } from '@mikro-orm/migrations'

/** Text in photos of accounts that ask for it (ADR 55); what is owed and what is forgotten stands where no feature can forget it. */
export class Migration20261217TextInPhotos extends Migration {
  override up(): void {
    this.addSql(`
      ALTER TABLE users ADD COLUMN read_text_in_photos boolean NOT NULL DEFAULT false,
        ADD COLUMN text_epoch integer NOT NULL DEFAULT 0`)
    this.addSql(`
      COMMENT ON COLUMN users.text_epoch IS
        'rises whenever read_text_in_photos changes; part of the version of the account''s search documents'`)
    this.addSql(`ALTER TABLE photos ADD COLUMN share_text boolean NOT NULL DEFAULT false`)
    this.addSql(`
      CREATE TABLE photo_texts (
        photo_id       uuid PRIMARY KEY REFERENCES photos ON DELETE CASCADE,
        state          text NOT NULL DEFAULT 'owed',
        turn           bigint NOT NULL,
        text           varchar(4000),
        failure_code   varchar(40),
        engine_version varchar(100),
        read_at        timestamptz(3),
        CONSTRAINT photo_texts_state_check CHECK (state IN ('owed', 'read', 'unreadable'))
      )`)
    this.addSql(`
      COMMENT ON TABLE photo_texts IS
        'text that was read in photos, or that is owed: the lowest turn comes first, and turns of accounts alternate'`)
    this.addSql(`CREATE INDEX photo_texts_owed_idx ON photo_texts (turn, photo_id) WHERE state = 'owed'`)
    this.addSql(`
      CREATE FUNCTION first_text_turn() RETURNS bigint LANGUAGE sql STABLE
        RETURN coalesce((SELECT turn FROM photo_texts WHERE state = 'owed' ORDER BY turn LIMIT 1), 0)`)
    this.photos()
    this.sharing()
    this.accounts()
  }

  private photos(): void {
    this.addSql(`
      CREATE FUNCTION owe_photo_text() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        -- Either this sees that the account asks for it, or the account's change sees the photo.
        PERFORM pg_advisory_xact_lock_shared(hashtextextended('photo-texts/' || NEW.owner_id, 0));
        INSERT INTO photo_texts (photo_id, turn)
        SELECT NEW.photo_id, first_text_turn() FROM users WHERE user_id = NEW.owner_id AND read_text_in_photos
        ON CONFLICT DO NOTHING;
        RETURN NULL;
      END $$`)
    this.addSql(`
      CREATE TRIGGER photos_owe_text AFTER UPDATE OF status ON photos FOR EACH ROW
        WHEN (OLD.status IN ('processing', 'offered') AND NEW.status = 'ready') EXECUTE FUNCTION owe_photo_text()`)
    this.addSql(`
      CREATE FUNCTION forget_photo_text() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        DELETE FROM photo_texts WHERE photo_id = NEW.photo_id;
        RETURN NULL;
      END $$`)
    this.addSql(`
      CREATE TRIGGER photos_forget_text AFTER UPDATE OF status ON photos FOR EACH ROW
        WHEN (NEW.status = 'deleted') EXECUTE FUNCTION forget_photo_text()`)
  }

  private sharing(): void {
    this.addSql(`
      CREATE TRIGGER photos_narrow_text BEFORE UPDATE OF share_text ON photos FOR EACH ROW
        WHEN (OLD.share_text AND NOT NEW.share_text) EXECUTE FUNCTION narrow_commit()`)
    this.addSql(`
      CREATE TRIGGER photos_revoke_text_in_search AFTER UPDATE OF share_text ON photos FOR EACH ROW
        WHEN (OLD.status = 'ready' AND OLD.share_text AND NOT NEW.share_text) EXECUTE FUNCTION revoke_photo_in_search()`)
  }

  private accounts(): void {
    this.addSql(`
      CREATE FUNCTION raise_text_epoch() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        NEW.text_epoch := OLD.text_epoch + 1;
        IF NOT NEW.read_text_in_photos THEN PERFORM set_config('synchronous_commit', 'remote_apply', true); END IF;
        RETURN NEW;
      END $$`)
    this.addSql(`
      CREATE TRIGGER users_text_epoch BEFORE UPDATE OF read_text_in_photos ON users FOR EACH ROW
        WHEN (OLD.read_text_in_photos <> NEW.read_text_in_photos) EXECUTE FUNCTION raise_text_epoch()`)
    this.addSql(`
      CREATE FUNCTION owe_or_forget_texts() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        PERFORM pg_advisory_xact_lock(hashtextextended('photo-texts/' || NEW.user_id, 0));
        IF NEW.read_text_in_photos THEN
          INSERT INTO photo_texts (photo_id, turn)
          SELECT photo_id, first_text_turn() + row_number() OVER (ORDER BY photo_id DESC)
          FROM photos WHERE owner_id = NEW.user_id AND published_at IS NOT NULL AND status <> 'deleted'
          ON CONFLICT DO NOTHING;
        ELSE
          DELETE FROM photo_texts t USING photos p WHERE p.owner_id = NEW.user_id AND t.photo_id = p.photo_id;
          INSERT INTO search_revocations (subject, owner_id, min_version, since)
          VALUES ('texts/' || NEW.user_id, NEW.user_id, NEW.text_epoch, clock_timestamp())
          ON CONFLICT (subject) DO UPDATE SET min_version = excluded.min_version;
        END IF;
        RETURN NULL;
      END $$`)
    this.addSql(`
      CREATE TRIGGER users_owe_or_forget_texts AFTER UPDATE OF read_text_in_photos ON users FOR EACH ROW
        WHEN (OLD.read_text_in_photos <> NEW.read_text_in_photos) EXECUTE FUNCTION owe_or_forget_texts()`)
    this.addSql(`
      COMMENT ON TABLE search_revocations IS
        'photo/<id>, account/<id> or texts/<id of an account> that was narrowed since its search documents were last brought in line'`)
  }

  override down(): void {
    this.addSql(`DELETE FROM search_revocations WHERE subject LIKE 'texts/%'`)
    this.addSql(`
      COMMENT ON TABLE search_revocations IS
        'photo/<id> or account/<id> that was narrowed since its search documents were last brought in line'`)
    this.addSql(`DROP TRIGGER users_owe_or_forget_texts ON users`)
    this.addSql(`DROP TRIGGER users_text_epoch ON users`)
    for (const trigger of ['revoke_text_in_search', 'narrow_text', 'forget_text', 'owe_text'])
      this.addSql(`DROP TRIGGER photos_${trigger} ON photos`)
    this.addSql(`
      DROP FUNCTION owe_or_forget_texts(), raise_text_epoch(), forget_photo_text(), owe_photo_text(), first_text_turn()`)
    this.addSql(`DROP TABLE photo_texts`)
    this.addSql(`ALTER TABLE photos DROP COLUMN share_text`)
    this.addSql(`ALTER TABLE users DROP COLUMN read_text_in_photos, DROP COLUMN text_epoch`)
  }
}
