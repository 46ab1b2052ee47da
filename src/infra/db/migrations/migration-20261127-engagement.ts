import { Migration } from '@mikro-orm/migrations'

/** Likes, comments, who may comment, and the gate that whatever takes a right away closes (ADR 19). */
export class Migration20261127Engagement extends Migration {
  override up(): void {
    this.addLikes()
    this.addComments()
    this.addPolicies()
    this.addGate()
  }

  // No foreign key leads to photos or to a parent comment: each row would lock that one row, which thousands may write
  // beside at the same moment (ADR 19). Accounts are not deleted in cascade, as the counts would not follow.
  private addLikes(): void {
    this.addSql(`
      CREATE TABLE likes (
        photo_id   uuid NOT NULL,
        user_id    bigint NOT NULL REFERENCES users,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        PRIMARY KEY (photo_id, user_id)
      )`)
    this.addSql(`CREATE INDEX likes_newest_idx ON likes (photo_id, created_at DESC, user_id DESC)`)
    this.addSql(`CREATE INDEX likes_user_idx ON likes (user_id)`)
  }

  private addComments(): void {
    this.addSql(`
      CREATE TABLE comments (
        comment_id  uuid PRIMARY KEY,
        photo_id    uuid NOT NULL,
        author_id   bigint NOT NULL REFERENCES users,
        parent_id   uuid,
        version     integer NOT NULL DEFAULT 1,
        text        varchar(2200) NOT NULL,
        reply_count integer NOT NULL DEFAULT 0,
        created_at  timestamptz(3) NOT NULL DEFAULT now(),
        edited_at   timestamptz(3),
        deleted_at  timestamptz(3)
      )`)
    this.addSql(`
      COMMENT ON COLUMN comments.parent_id IS 'the top-level comment that this one replies to; replies have none'`)
    this.addSql(`COMMENT ON COLUMN comments.reply_count IS 'replies that are not deleted'`)
    this.addSql(`
      COMMENT ON COLUMN comments.deleted_at IS
        'hidden from then on, replies too; housekeeping deletes the rows. Replies of a deleted comment have none'`)
    this.addSql(`
      CREATE INDEX comments_newest_idx ON comments (photo_id, created_at DESC, comment_id DESC)
        WHERE parent_id IS NULL AND deleted_at IS NULL`)
    this.addSql(`
      CREATE INDEX comments_replies_idx ON comments (parent_id, created_at, comment_id) WHERE parent_id IS NOT NULL`)
    this.addSql(`CREATE INDEX comments_author_idx ON comments (author_id)`)
    this.addSql(`CREATE INDEX comments_deleted_idx ON comments (deleted_at) WHERE deleted_at IS NOT NULL`)
    this.addSql(`
      CREATE TABLE comment_mentions (
        comment_id uuid NOT NULL REFERENCES comments ON DELETE CASCADE,
        user_id    bigint NOT NULL REFERENCES users ON DELETE CASCADE,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        PRIMARY KEY (comment_id, user_id)
      )`)
    this.addSql(`CREATE INDEX comment_mentions_user_idx ON comment_mentions (user_id)`)
  }

  private addPolicies(): void {
    this.addSql(`
      ALTER TABLE users ADD COLUMN default_comment_policy text NOT NULL DEFAULT 'everyone'
        CHECK (default_comment_policy IN ('everyone', 'followers', 'nobody'))`)
    this.addSql(`
      ALTER TABLE photos ADD COLUMN comment_policy text
        CHECK (comment_policy IN ('everyone', 'followers', 'nobody'))`)
    this.addSql(`COMMENT ON COLUMN photos.comment_policy IS 'null: the default of the owner''s account'`)
  }

  // Likes and comments hold the owner's gate in share mode from their check to their commit; whoever narrows closes it to
  // commit. An advisory lock is granted in the order of asking, so a stream of likes cannot keep a narrowing waiting.
  private addGate(): void {
    this.addSql(`
      CREATE FUNCTION engagement_gate(owner bigint) RETURNS bigint
        LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
        RETURN hashtextextended('engagement/' || owner, 0)`)
    this.addSql(`
      CREATE FUNCTION close_engagement_gate() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF TG_TABLE_NAME = 'photos' THEN
          PERFORM pg_advisory_xact_lock(engagement_gate(NEW.owner_id));
        ELSIF TG_TABLE_NAME = 'users' THEN
          PERFORM pg_advisory_xact_lock(engagement_gate(NEW.user_id));
        ELSE
          PERFORM pg_advisory_xact_lock(engagement_gate(least(NEW.blocker_id, NEW.blocked_id)));
          PERFORM pg_advisory_xact_lock(engagement_gate(greatest(NEW.blocker_id, NEW.blocked_id)));
        END IF;
        RETURN NULL;
      END $$`)
    // Triggers, so that no feature that hides photos or accounts can forget it; deferred, so that it is the last lock of all.
    this.addSql(`
      CREATE CONSTRAINT TRIGGER photos_engagement_gate AFTER UPDATE OF status, visibility, comment_policy ON photos
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
        WHEN (OLD.status = 'ready' AND (OLD.status, OLD.visibility, OLD.comment_policy)
          IS DISTINCT FROM (NEW.status, NEW.visibility, NEW.comment_policy))
        EXECUTE FUNCTION close_engagement_gate()`)
    this.addSql(`
      CREATE CONSTRAINT TRIGGER users_engagement_gate AFTER UPDATE OF status, is_private, default_comment_policy ON users
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
        WHEN ((OLD.status, OLD.is_private, OLD.default_comment_policy)
          IS DISTINCT FROM (NEW.status, NEW.is_private, NEW.default_comment_policy))
        EXECUTE FUNCTION close_engagement_gate()`)
    this.addSql(`
      CREATE CONSTRAINT TRIGGER blocks_engagement_gate AFTER INSERT ON blocks
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
        EXECUTE FUNCTION close_engagement_gate()`)
  }

  override down(): void {
    this.addSql(`DROP TRIGGER blocks_engagement_gate ON blocks`)
    this.addSql(`DROP TRIGGER users_engagement_gate ON users`)
    this.addSql(`DROP TRIGGER photos_engagement_gate ON photos`)
    this.addSql(`DROP FUNCTION close_engagement_gate()`)
    this.addSql(`DROP FUNCTION engagement_gate(bigint)`)
    this.addSql(`ALTER TABLE photos DROP COLUMN comment_policy`)
    this.addSql(`ALTER TABLE users DROP COLUMN default_comment_policy`)
    this.addSql(`DROP TABLE comment_mentions, comments, likes`)
    this.addSql(`DELETE FROM photo_counters`)
  }
}
