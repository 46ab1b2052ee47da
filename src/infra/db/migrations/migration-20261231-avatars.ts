import { Migration } from '@mikro-orm/migrations'

/** The pictures of accounts: one that is shown, and those on their way in or out. */
export class Migration20261231Avatars extends Migration {
  override up(): void {
    this.addSql(`
      CREATE TABLE avatars (
        avatar_id         uuid PRIMARY KEY,
        owner_id          bigint NOT NULL REFERENCES users ON DELETE CASCADE,
        status            text NOT NULL DEFAULT 'awaiting_upload'
          CHECK (status IN ('awaiting_upload', 'processing', 'ready', 'failed', 'retired')),
        content_type      varchar(100) NOT NULL,
        bytes             integer NOT NULL CONSTRAINT avatars_bytes_check CHECK (bytes > 0),
        failure_code      varchar(40),
        failure_detail    varchar(500),
        upload_expires_at timestamptz(3) NOT NULL,
        created_at        timestamptz(3) NOT NULL DEFAULT now()
      )`)
    this.addSql(`CREATE INDEX avatars_owner_idx ON avatars (owner_id, avatar_id)`)
    this.addSql(`CREATE INDEX avatars_unshown_idx ON avatars (created_at) WHERE status <> 'ready'`)
    this.addSql(
      `ALTER TABLE users ADD COLUMN avatar_id uuid, ADD COLUMN avatar_epoch integer NOT NULL DEFAULT 0`,
    )
    this.addSql(`
      COMMENT ON COLUMN users.avatar_id IS 'the avatar that is shown, whose objects lie under avatar_epoch'`)
    this.addSql(`
      CREATE FUNCTION retract_avatar() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        UPDATE avatars SET status = 'retired' WHERE avatar_id = OLD.avatar_id;
        INSERT INTO retractions (subject, owner_id, min_epoch, since)
        VALUES ('photo/' || OLD.avatar_id, OLD.user_id, OLD.avatar_epoch + 1, clock_timestamp())
        ON CONFLICT (subject) DO UPDATE SET min_epoch = greatest(retractions.min_epoch, excluded.min_epoch);
        PERFORM set_config('synchronous_commit', 'remote_apply', true);
        RETURN NEW;
      END $$`)
    this.addSql(`
      COMMENT ON FUNCTION retract_avatar() IS
        'edges, bucket and photoSync know an avatar by its id, as they know a photo (ADR 68)'`)
    this.addSql(`
      CREATE TRIGGER users_retract_avatar AFTER UPDATE OF avatar_id ON users FOR EACH ROW
        WHEN (OLD.avatar_id IS NOT NULL AND NEW.avatar_id IS DISTINCT FROM OLD.avatar_id)
        EXECUTE FUNCTION retract_avatar()`)
  }

  override down(): void {
    this.addSql('DROP TRIGGER users_retract_avatar ON users')
    this.addSql('DROP FUNCTION retract_avatar()')
    this.addSql(`DELETE FROM retractions r USING avatars a WHERE r.subject = 'photo/' || a.avatar_id`)
    this.addSql('ALTER TABLE users DROP COLUMN avatar_id, DROP COLUMN avatar_epoch')
    this.addSql('DROP TABLE avatars')
  }
}
