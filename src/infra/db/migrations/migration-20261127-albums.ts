import { Migration } from '@mikro-orm/migrations'

/** Albums: their photos in order, their members with roles, and what happens in them (ADR 23). */
export class Migration20261127Albums extends Migration {
  override up(): void {
    this.addTables()
    this.countPhotos()
    this.endMemberships()
    this.followPhotos()
    this.narrow()
  }

  private addTables(): void {
    this.addSql(`
      CREATE TABLE albums (
        album_id       uuid PRIMARY KEY,
        owner_id       bigint NOT NULL REFERENCES users ON DELETE CASCADE,
        version        integer NOT NULL DEFAULT 1,
        title          varchar(100) NOT NULL,
        description    varchar(2000),
        visibility     text NOT NULL DEFAULT 'public' CHECK (visibility IN ('public', 'followers', 'private')),
        photo_order    text NOT NULL DEFAULT 'position' CHECK (photo_order IN ('position', 'date')),
        order_epoch    integer NOT NULL DEFAULT 0,
        cover_photo_id uuid,
        photo_count    integer NOT NULL DEFAULT 0,
        created_at     timestamptz(3) NOT NULL DEFAULT now()
      )`)
    this.addSql(`
      COMMENT ON COLUMN albums.order_epoch IS
        'rises when photo_order changes or all positions are written anew: cursors of an earlier one have expired'`)
    this.addSql(`COMMENT ON COLUMN albums.cover_photo_id IS 'counts only while that photo is in the album'`)
    this.addSql(`COMMENT ON COLUMN albums.photo_count IS 'rows of album_photos; kept by triggers'`)
    this.addSql(`CREATE INDEX albums_owner_idx ON albums (owner_id, album_id DESC)`)

    this.addSql(`
      CREATE TABLE album_members (
        album_id   uuid NOT NULL REFERENCES albums ON DELETE CASCADE,
        user_id    bigint NOT NULL REFERENCES users ON DELETE CASCADE,
        role       text NOT NULL CHECK (role IN ('viewer', 'contributor', 'admin', 'owner')),
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        PRIMARY KEY (album_id, user_id)
      )`)
    this.addSql(`COMMENT ON TABLE album_members IS 'the owner of the album among them'`)
    this.addSql(
      `CREATE UNIQUE INDEX album_members_one_owner_idx ON album_members (album_id) WHERE role = 'owner'`,
    )
    this.addSql(
      `CREATE INDEX album_members_user_idx ON album_members (user_id, created_at DESC, album_id DESC)`,
    )

    this.addSql(`
      CREATE TABLE album_photos (
        album_id   uuid NOT NULL REFERENCES albums ON DELETE CASCADE,
        photo_id   uuid NOT NULL REFERENCES photos ON DELETE CASCADE,
        added_by   bigint NOT NULL,
        position   numeric NOT NULL,
        score      bigint NOT NULL,
        granted    boolean NOT NULL DEFAULT true,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        PRIMARY KEY (album_id, photo_id),
        CONSTRAINT album_photos_position_key UNIQUE (album_id, position) DEFERRABLE
      )`)
    this.addSql(`COMMENT ON COLUMN album_photos.added_by IS 'the photo''s owner: nobody else may add it'`)
    this.addSql(`
      COMMENT ON COLUMN album_photos.position IS
        'with as many digits as it takes to lie between its neighbours; never shown'`)
    this.addSql(`
      COMMENT ON COLUMN album_photos.score IS 'the photo''s; until it is published, when it was added, in ms'`)
    this.addSql(`
      COMMENT ON COLUMN album_photos.granted IS
        'members see the photo whatever its visibility; false once its owner has narrowed it'`)
    this.addSql(`CREATE INDEX album_photos_date_idx ON album_photos (album_id, score DESC, photo_id DESC)`)
    this.addSql(`CREATE INDEX album_photos_photo_idx ON album_photos (photo_id, album_id DESC)`)

    this.addSql(`
      CREATE TABLE album_activity (
        activity_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        album_id    uuid NOT NULL REFERENCES albums ON DELETE CASCADE,
        actor_id    bigint NOT NULL REFERENCES users ON DELETE CASCADE,
        kind        text NOT NULL CHECK (kind IN ('created', 'renamed', 'edited', 'photo_added', 'photo_removed',
                      'member_added', 'role_changed', 'member_removed', 'member_left', 'owner_changed')),
        photo_id    uuid,
        user_id     bigint REFERENCES users ON DELETE CASCADE,
        created_at  timestamptz(3) NOT NULL DEFAULT now()
      )`)
    this.addSql(`COMMENT ON COLUMN album_activity.user_id IS 'the account that the actor did something to'`)
    this.addSql(`CREATE INDEX album_activity_album_idx ON album_activity (album_id, activity_id DESC)`)
    this.addSql(`CREATE INDEX album_activity_created_idx ON album_activity (created_at)`)
    this.addSql(`CREATE INDEX album_activity_actor_idx ON album_activity (actor_id)`)
    this.addSql(`CREATE INDEX album_activity_user_idx ON album_activity (user_id) WHERE user_id IS NOT NULL`)
  }

  // Rows also leave by cascades and by the functions below; whoever writes to several albums has locked them in order.
  private countPhotos(): void {
    this.addSql(`
      CREATE FUNCTION count_album_photos() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        UPDATE albums a SET photo_count = a.photo_count + CASE TG_OP WHEN 'INSERT' THEN n.photos ELSE -n.photos END
        FROM (SELECT album_id, count(*)::integer AS photos FROM changed GROUP BY album_id) n
        WHERE a.album_id = n.album_id;
        RETURN NULL;
      END $$`)
    for (const [event, rows] of [
      ['INSERT', 'NEW'],
      ['DELETE', 'OLD'],
    ] as const) {
      this.addSql(`
        CREATE TRIGGER album_photos_count_${event.toLowerCase()} AFTER ${event} ON album_photos
          REFERENCING ${rows} TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_album_photos()`)
    }
  }

  private endMemberships(): void {
    this.addSql(`
      CREATE FUNCTION album_account(account bigint) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
        RETURN hashtextextended('albums/' || account, 0)`)
    this.addSql(`
      COMMENT ON FUNCTION album_account(bigint) IS
        'the advisory lock of an account that gets albums or memberships: by it quotas are exact, and blocks are seen'`)
    this.addSql(`
      CREATE FUNCTION end_album_membership(album uuid, member bigint) RETURNS boolean LANGUAGE plpgsql AS $$
      BEGIN
        DELETE FROM album_members WHERE album_id = album AND user_id = member AND role <> 'owner';
        IF NOT FOUND THEN
          RETURN false;
        END IF;
        DELETE FROM album_photos WHERE album_id = album AND added_by = member;
        RETURN true;
      END $$`)
    this.addSql(`
      COMMENT ON FUNCTION end_album_membership(uuid, bigint) IS
        'takes back what the member has added as well; false for an owner and for who is not a member. The album is locked'`)
    // A trigger, because the graph does not know of albums, and no feature that blocks may forget it.
    this.addSql(`
      CREATE FUNCTION end_memberships_across_block() RETURNS trigger LANGUAGE plpgsql AS $$
      DECLARE
        ended record;
      BEGIN
        PERFORM pg_advisory_xact_lock(album_account(least(NEW.blocker_id, NEW.blocked_id)));
        PERFORM pg_advisory_xact_lock(album_account(greatest(NEW.blocker_id, NEW.blocked_id)));
        FOR ended IN
          SELECT a.album_id, m.user_id FROM album_members m JOIN albums a ON a.album_id = m.album_id
          WHERE m.user_id = NEW.blocked_id AND a.owner_id = NEW.blocker_id
            OR m.user_id = NEW.blocker_id AND a.owner_id = NEW.blocked_id
          ORDER BY a.album_id FOR NO KEY UPDATE OF a
        LOOP
          IF end_album_membership(ended.album_id, ended.user_id) THEN
            INSERT INTO album_activity (album_id, actor_id, kind)
            VALUES (ended.album_id, ended.user_id, 'member_left');
          END IF;
        END LOOP;
        RETURN NULL;
      END $$`)
    this.addSql(`
      CREATE TRIGGER blocks_end_memberships AFTER INSERT ON blocks FOR EACH ROW
        EXECUTE FUNCTION end_memberships_across_block()`)
  }

  // A trigger, so that no feature that narrows, deletes or publishes photos can forget it.
  private followPhotos(): void {
    this.addSql(`
      CREATE FUNCTION follow_photo_in_albums() RETURNS trigger LANGUAGE plpgsql AS $$
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
    this.addSql(`
      CREATE TRIGGER photos_albums AFTER UPDATE OF status, visibility, score ON photos FOR EACH ROW
        WHEN ((OLD.status, OLD.visibility, OLD.score) IS DISTINCT FROM (NEW.status, NEW.visibility, NEW.score))
        EXECUTE FUNCTION follow_photo_in_albums()`)
  }

  // Whatever ends a grant or a role commits as a narrowing (migration 20261127-retraction); cascades count as well.
  private narrow(): void {
    this.addSql(`
      CREATE TRIGGER album_members_narrow AFTER DELETE OR UPDATE OF role ON album_members FOR EACH STATEMENT
        EXECUTE FUNCTION narrow_commit()`)
    this.addSql(`
      CREATE TRIGGER album_photos_narrow AFTER DELETE ON album_photos FOR EACH STATEMENT EXECUTE FUNCTION narrow_commit()`)
    this.addSql(`
      CREATE TRIGGER albums_narrow AFTER UPDATE OF visibility ON albums FOR EACH ROW
        WHEN (photo_reach('ready', NEW.visibility) < photo_reach('ready', OLD.visibility))
        EXECUTE FUNCTION narrow_commit()`)
  }

  override down(): void {
    this.addSql(`DROP TRIGGER photos_albums ON photos`)
    this.addSql(`DROP TRIGGER blocks_end_memberships ON blocks`)
    this.addSql(`DROP TABLE album_activity, album_photos, album_members, albums`)
    this.addSql(`
      DROP FUNCTION follow_photo_in_albums(), end_memberships_across_block(), end_album_membership(uuid, bigint),
        album_account(bigint), count_album_photos()`)
  }
}
