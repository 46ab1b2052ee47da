import { Migration } from '@mikro-orm/migrations'

/** The trash: photos that their owners deleted and may restore for a while, and what is known of those that are erased (ADR 37). */
export class Migration20261127Trash extends Migration {
  override up(): void {
    this.setStatuses(STATUSES_WITH_TRASHED)
    // What the owner was shown of a photo in the trash is taken back once more when it is erased.
    this.setReach(`
      CASE status WHEN 'deleted' THEN 0 WHEN 'trashed' THEN 1 WHEN 'ready' THEN
          CASE visibility WHEN 'private' THEN 3 WHEN 'followers' THEN 4 ELSE 5 END
        ELSE 2 END`)
    this.addSql(`
      COMMENT ON FUNCTION photo_reach(text, text) IS
        '0: nobody; 1: the owner, in the trash; 2: the owner; 3: members of albums as well; 4: followers; 5: everyone'`)
    this.addTrash()
    this.addErasures()
    this.countInAlbums()
  }

  private addTrash(): void {
    this.addSql(`
      CREATE TABLE trashed_photos (
        photo_id   uuid PRIMARY KEY REFERENCES photos ON DELETE CASCADE,
        owner_id   bigint NOT NULL REFERENCES users ON DELETE CASCADE,
        trashed_at timestamptz(3) NOT NULL DEFAULT now(),
        erases_at  timestamptz(3) NOT NULL
      )`)
    this.addSql(`
      COMMENT ON TABLE trashed_photos IS
        'photos whose status is trashed; housekeeping erases them once erases_at has passed, and a trigger deletes the row'`)
    this.addSql(`
      CREATE INDEX trashed_photos_owner_idx ON trashed_photos (owner_id, trashed_at DESC, photo_id DESC)`)
    this.addSql(`CREATE INDEX trashed_photos_due_idx ON trashed_photos (erases_at)`)
    this.addSql(`
      CREATE FUNCTION leave_trash() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        DELETE FROM trashed_photos WHERE photo_id = NEW.photo_id;
        RETURN NULL;
      END $$`)
    this.addSql(`
      CREATE TRIGGER photos_leave_trash AFTER UPDATE OF status ON photos FOR EACH ROW
        WHEN (OLD.status = 'trashed' AND NEW.status <> 'trashed') EXECUTE FUNCTION leave_trash()`)
  }

  // A trigger, so that no feature that deletes photos can forget what it owes.
  private addErasures(): void {
    this.addSql(`
      CREATE TABLE photo_erasures (
        photo_id         uuid PRIMARY KEY REFERENCES photos ON DELETE CASCADE,
        owner_id         bigint NOT NULL REFERENCES users ON DELETE CASCADE,
        requested_at     timestamptz(3) NOT NULL,
        erased_at        timestamptz(3),
        objects          integer NOT NULL DEFAULT 0,
        edge_paths       integer NOT NULL DEFAULT 0,
        search_documents integer NOT NULL DEFAULT 0
      )`)
    this.addSql(`
      COMMENT ON TABLE photo_erasures IS
        'the receipt of a photo that was deleted for good: owed until erased_at, when nothing of it was left in any store'`)
    this.addSql(`
      CREATE INDEX photo_erasures_owed_idx ON photo_erasures (requested_at) WHERE erased_at IS NULL`)
    this.addSql(`CREATE INDEX photo_erasures_owner_idx ON photo_erasures (owner_id, requested_at DESC)`)
    // Those of earlier releases: what they left in the rows is owed as well, and housekeeping sees to it.
    this.addSql(`
      INSERT INTO photo_erasures (photo_id, owner_id, requested_at)
      SELECT photo_id, owner_id, now() FROM photos WHERE status = 'deleted'`)
    this.addSql(`
      CREATE FUNCTION owe_erasure() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO photo_erasures (photo_id, owner_id, requested_at)
        VALUES (NEW.photo_id, NEW.owner_id, clock_timestamp()) ON CONFLICT DO NOTHING;
        RETURN NULL;
      END $$`)
    this.addSql(`
      CREATE TRIGGER photos_owe_erasure AFTER UPDATE OF status ON photos FOR EACH ROW
        WHEN (OLD.status <> 'deleted' AND NEW.status = 'deleted') EXECUTE FUNCTION owe_erasure()`)
  }

  // Albums keep the places of photos in the trash. They are not shown, so members must not be told their number.
  private countInAlbums(): void {
    this.addSql(`ALTER TABLE album_photos ADD COLUMN in_trash boolean NOT NULL DEFAULT false`)
    this.addSql(`ALTER TABLE albums ADD COLUMN trashed_count integer NOT NULL DEFAULT 0`)
    this.addSql(
      `COMMENT ON COLUMN albums.trashed_count IS 'of photo_count, those in the trash; kept by triggers'`,
    )
    this.addSql(`
      CREATE OR REPLACE FUNCTION count_album_photos() RETURNS trigger LANGUAGE plpgsql AS $$
      DECLARE
        change CONSTANT integer := CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END;
      BEGIN
        UPDATE albums a SET photo_count = a.photo_count + change * n.photos,
          trashed_count = a.trashed_count + change * n.trashed
        FROM (SELECT album_id, count(*)::integer AS photos, count(*) FILTER (WHERE in_trash)::integer AS trashed
          FROM changed GROUP BY album_id) n
        WHERE a.album_id = n.album_id;
        RETURN NULL;
      END $$`)
    this.addSql(`
      CREATE OR REPLACE FUNCTION follow_photo_in_albums() RETURNS trigger LANGUAGE plpgsql AS $$
      DECLARE
        narrowed CONSTANT boolean := photo_reach('ready', NEW.visibility) < photo_reach('ready', OLD.visibility);
        trashed CONSTANT integer := (NEW.status = 'trashed')::integer - (OLD.status = 'trashed')::integer;
      BEGIN
        PERFORM FROM albums a
        WHERE a.album_id IN (SELECT album_id FROM album_photos WHERE photo_id = NEW.photo_id)
        ORDER BY a.album_id FOR NO KEY UPDATE;
        IF NOT FOUND THEN
          RETURN NULL;
        END IF;
        IF NEW.status IN ('deleted', 'failed') THEN
          DELETE FROM album_photos WHERE photo_id = NEW.photo_id;
        ELSE
          UPDATE album_photos SET granted = granted AND NOT narrowed, score = coalesce(NEW.score, score),
            in_trash = NEW.status = 'trashed'
          WHERE photo_id = NEW.photo_id;
          IF trashed <> 0 THEN
            UPDATE albums SET trashed_count = trashed_count + trashed
            WHERE album_id IN (SELECT album_id FROM album_photos WHERE photo_id = NEW.photo_id);
          END IF;
        END IF;
        IF OLD.status = 'ready' AND (NEW.status <> 'ready' OR narrowed) THEN
          PERFORM set_config('synchronous_commit', 'remote_apply', true);
        END IF;
        RETURN NULL;
      END $$`)
  }

  private setReach(expression: string): void {
    this.addSql(`
      CREATE OR REPLACE FUNCTION photo_reach(status text, visibility text) RETURNS integer
        LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN ${expression}`)
  }

  private setStatuses(statuses: readonly string[]): void {
    const list = statuses.map((status) => `'${status}'`).join(', ')
    this.addSql(`ALTER TABLE photos DROP CONSTRAINT photos_status_check`)
    this.addSql(`ALTER TABLE photos ADD CONSTRAINT photos_status_check CHECK (status IN (${list})) NOT VALID`)
    this.addSql(`ALTER TABLE photos VALIDATE CONSTRAINT photos_status_check`)
  }

  override down(): void {
    // Their owners deleted them.
    this.addSql(`UPDATE photos SET status = 'deleted' WHERE status = 'trashed'`)
    this.addSql(`DROP TRIGGER photos_owe_erasure ON photos`)
    this.addSql(`DROP TRIGGER photos_leave_trash ON photos`)
    this.addSql(`DROP FUNCTION owe_erasure(), leave_trash()`)
    this.addSql(`DROP TABLE photo_erasures, trashed_photos`)
    this.setStatuses(STATUSES)
    this.setReach(`
      CASE WHEN status = 'deleted' THEN 0 WHEN status <> 'ready' THEN 1 WHEN visibility = 'private' THEN 2
        WHEN visibility = 'followers' THEN 3 ELSE 4 END`)
    this.addSql(`
      COMMENT ON FUNCTION photo_reach(text, text) IS
        '0: nobody; 1: the owner; 2: members of albums as well; 3: followers; 4: everyone'`)
    this.addSql(`
      CREATE OR REPLACE FUNCTION count_album_photos() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        UPDATE albums a SET photo_count = a.photo_count + CASE TG_OP WHEN 'INSERT' THEN n.photos ELSE -n.photos END
        FROM (SELECT album_id, count(*)::integer AS photos FROM changed GROUP BY album_id) n
        WHERE a.album_id = n.album_id;
        RETURN NULL;
      END $$`)
    this.addSql(`
      CREATE OR REPLACE FUNCTION follow_photo_in_albums() RETURNS trigger LANGUAGE plpgsql AS $$
      DECLARE
        narrowed CONSTANT boolean := photo_reach('ready', NEW.visibility) < photo_reach('ready', OLD.visibility);
      BEGIN
        PERFORM FROM albums a
        WHERE a.album_id IN (SELECT album_id FROM album_photos WHERE photo_id = NEW.photo_id)
        ORDER BY a.album_id FOR NO KEY UPDATE;
        IF NOT FOUND THEN
          RETURN NULL;
        END IF;
        IF NEW.status IN ('deleted', 'failed') THEN
          DELETE FROM album_photos WHERE photo_id = NEW.photo_id;
        ELSE
          UPDATE album_photos SET granted = granted AND NOT narrowed, score = coalesce(NEW.score, score)
          WHERE photo_id = NEW.photo_id;
        END IF;
        IF OLD.status = 'ready' AND (NEW.status <> 'ready' OR narrowed) THEN
          PERFORM set_config('synchronous_commit', 'remote_apply', true);
        END IF;
        RETURN NULL;
      END $$`)
    this.addSql(`ALTER TABLE albums DROP COLUMN trashed_count`)
    this.addSql(`ALTER TABLE album_photos DROP COLUMN in_trash`)
  }
}

const STATUSES_WITH_TRASHED = [
  ...['awaiting_upload', 'processing', 'ready', 'offered'],
  ...['failed', 'quarantined', 'trashed', 'deleted'],
]
const STATUSES = STATUSES_WITH_TRASHED.filter((status) => status !== 'trashed')
