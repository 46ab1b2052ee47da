import { Migration } from '@mikro-orm/migrations'

/** Share links of albums, which photos they show, and the photos that guests put into drop boxes (ADR 24). */
export class Migration20261127ShareLinks extends Migration {
  override up(): void {
    this.addSql(`DROP TABLE share_link_grants`)
    this.addSql(`
      CREATE TABLE share_links (
        link_id       uuid PRIMARY KEY,
        album_id      uuid NOT NULL REFERENCES albums ON DELETE CASCADE,
        created_by    bigint NOT NULL REFERENCES users ON DELETE CASCADE,
        token_hash    bytea NOT NULL UNIQUE,
        label         varchar(100),
        password_hash varchar(255),
        expires_at    timestamptz(3),
        max_views     integer CHECK (max_views > 0),
        views         integer NOT NULL DEFAULT 0,
        allow_upload  boolean NOT NULL DEFAULT false,
        last_used_at  timestamptz(3),
        ended_at      timestamptz(3),
        created_at    timestamptz(3) NOT NULL DEFAULT now()
      )`)
    this.addSql(
      `COMMENT ON COLUMN share_links.token_hash IS 'SHA-256 of 32 random bytes, which only the link has'`,
    )
    this.addSql(`COMMENT ON COLUMN share_links.ended_at IS 'when its workflow took note that it had expired'`)
    this.addSql(`CREATE INDEX share_links_album_idx ON share_links (album_id, link_id DESC)`)
    this.addSql(`CREATE INDEX share_links_creator_idx ON share_links (created_by)`)

    this.addSql(`ALTER TABLE album_photos ADD COLUMN shown_by_links boolean NOT NULL DEFAULT false`)
    this.addSql(`
      COMMENT ON COLUMN album_photos.shown_by_links IS
        'the photo''s owner lets share links of the album show it, while it is granted'`)
    this.addSql(`
      UPDATE album_photos i SET shown_by_links = true FROM albums a
      WHERE a.album_id = i.album_id AND a.owner_id = i.added_by`)

    this.retract()
    this.addDropBoxes()
  }

  // Triggers, so that whatever ends a link (a cascade too) is obeyed by replicas, and owed to the edges.
  private retract(): void {
    this.addSql(`
      CREATE FUNCTION retract_share_link() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO retractions (subject, owner_id, min_epoch, since)
        SELECT 'link/' || OLD.link_id, user_id, 1, clock_timestamp() FROM users
        WHERE user_id = OLD.created_by AND OLD.views > 0
        ON CONFLICT DO NOTHING;
        PERFORM set_config('synchronous_commit', 'remote_apply', true);
        RETURN NULL;
      END $$`)
    this.addSql(`
      COMMENT ON FUNCTION retract_share_link() IS
        'one entry at each edge refuses every image URL that was issued through the link, however many photos it showed'`)
    this.addSql(`
      CREATE TRIGGER share_links_retract AFTER DELETE ON share_links FOR EACH ROW
        WHEN (OLD.ended_at IS NULL) EXECUTE FUNCTION retract_share_link()`)
    this.addSql(`
      CREATE TRIGGER share_links_end AFTER UPDATE OF ended_at ON share_links FOR EACH ROW
        WHEN (OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL) EXECUTE FUNCTION retract_share_link()`)
    this.addSql(`
      CREATE TRIGGER album_photos_narrow_links AFTER UPDATE OF shown_by_links ON album_photos FOR EACH ROW
        WHEN (OLD.shown_by_links AND NOT NEW.shown_by_links) EXECUTE FUNCTION narrow_commit()`)
  }

  private addDropBoxes(): void {
    this.setStatuses(STATUSES_WITH_OFFERED)
    this.addSql(`
      CREATE TABLE drop_box_items (
        photo_id   uuid PRIMARY KEY REFERENCES photos ON DELETE CASCADE,
        album_id   uuid REFERENCES albums ON DELETE SET NULL,
        link_id    uuid REFERENCES share_links ON DELETE SET NULL,
        name       varchar(100),
        created_at timestamptz(3) NOT NULL DEFAULT now()
      )`)
    this.addSql(`
      COMMENT ON TABLE drop_box_items IS
        'photos that guests uploaded through a link for the owner of its album; offered, until the owner approves them'`)
    this.addSql(
      `COMMENT ON COLUMN drop_box_items.album_id IS 'null once it is deleted: housekeeping declines the photo'`,
    )
    this.addSql(`CREATE INDEX drop_box_items_album_idx ON drop_box_items (album_id, photo_id DESC)`)
    this.addSql(`CREATE INDEX drop_box_items_link_idx ON drop_box_items (link_id)`)
    this.addSql(`CREATE INDEX drop_box_items_created_idx ON drop_box_items (created_at)`)
  }

  private setStatuses(statuses: readonly string[]): void {
    const list = statuses.map((status) => `'${status}'`).join(', ')
    this.addSql(`ALTER TABLE photos DROP CONSTRAINT photos_status_check`)
    this.addSql(`ALTER TABLE photos ADD CONSTRAINT photos_status_check CHECK (status IN (${list})) NOT VALID`)
    this.addSql(`ALTER TABLE photos VALIDATE CONSTRAINT photos_status_check`)
  }

  override down(): void {
    this.addSql(`UPDATE photos SET status = 'deleted' WHERE status = 'offered'`)
    this.setStatuses(STATUSES)
    this.addSql(`DROP TABLE drop_box_items, share_links`)
    this.addSql(`DROP FUNCTION retract_share_link()`)
    this.addSql(`DROP TRIGGER album_photos_narrow_links ON album_photos`)
    this.addSql(`ALTER TABLE album_photos DROP COLUMN shown_by_links`)
    this.addSql(`DELETE FROM retractions WHERE subject LIKE 'link/%'`)
    this.addSql(`
      CREATE TABLE share_link_grants (
        link_id    uuid NOT NULL,
        photo_id   uuid NOT NULL REFERENCES photos ON DELETE CASCADE,
        granted_by bigint NOT NULL REFERENCES users ON DELETE CASCADE,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        PRIMARY KEY (link_id, photo_id)
      )`)
    this.addSql(`CREATE INDEX share_link_grants_photo_idx ON share_link_grants (photo_id)`)
    this.addSql(`CREATE INDEX share_link_grants_granter_idx ON share_link_grants (granted_by)`)
    this.addSql(`
      CREATE TRIGGER share_link_grants_narrow AFTER DELETE ON share_link_grants FOR EACH STATEMENT
        EXECUTE FUNCTION narrow_commit()`)
  }
}

const STATUSES_WITH_OFFERED = [
  ...['awaiting_upload', 'processing', 'ready', 'offered'],
  ...['failed', 'quarantined', 'deleted'],
]
const STATUSES = STATUSES_WITH_OFFERED.filter((status) => status !== 'offered')
