import { Migration } from '@mikro-orm/migrations'

/** What changes more often than a photo, beside it: its distribution, its counts, and its owner's counts of photos. */
export class Migration20261126DistributionAndCounters extends Migration {
  override up(): void {
    // No photo changes between its row being carried over and the triggers being there.
    this.addSql(`LOCK TABLE photos, user_counters IN SHARE ROW EXCLUSIVE MODE`)
    this.moveDistribution()
    this.addPhotoCounters()
    this.countPhotosByVisibility()
  }

  private moveDistribution(): void {
    this.addSql(`DROP TRIGGER photos_distribution ON photos`)
    this.addSql(`DROP TRIGGER photos_inserted ON photos`)
    this.addSql(`
      CREATE TABLE photo_distribution (
        photo_id     uuid PRIMARY KEY REFERENCES photos ON DELETE CASCADE,
        distribution text CHECK (distribution IN ('none', 'all')),
        since        timestamptz(3) NOT NULL
      )`)
    this.addSql(`
      COMMENT ON TABLE photo_distribution IS
        'what the stored feeds are known to hold of a photo; without a row, nothing of it was ever owed to them'`)
    this.addSql(`
      COMMENT ON COLUMN photo_distribution.distribution IS
        'none: in no stored feed; all: in the feeds of all enrolled followers; null: a push or collection is owed'`)
    this.addSql(`COMMENT ON COLUMN photo_distribution.since IS 'when the push or collection came to be owed'`)
    this.addSql(`
      INSERT INTO photo_distribution (photo_id, distribution, since)
      SELECT photo_id, distribution, coalesce(distribution_since, clock_timestamp()) FROM photos
      WHERE distribution IS DISTINCT FROM 'none' OR distribution_since IS NOT NULL`)
    this.addSql(
      `CREATE INDEX photo_distribution_owed_idx ON photo_distribution (since, photo_id) WHERE distribution IS NULL`,
    )
    this.addSql(`DROP INDEX photos_owed_idx`)
    this.addSql(`ALTER TABLE photos DROP COLUMN distribution, DROP COLUMN distribution_since`)
    this.addSql(`
      CREATE OR REPLACE FUNCTION owe_distribution() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO photo_distribution (photo_id, distribution, since)
        VALUES (NEW.photo_id, NULL, clock_timestamp())
        ON CONFLICT (photo_id) DO UPDATE SET distribution = NULL, since = excluded.since;
        RETURN NULL;
      END $$`)
    this.addSql(`
      CREATE TRIGGER photos_inserted AFTER INSERT ON photos FOR EACH ROW
        WHEN (NEW.status = 'ready' AND NEW.visibility IN ('public', 'followers'))
        EXECUTE FUNCTION owe_distribution()`)
    this.addSql(`
      CREATE TRIGGER photos_distribution AFTER UPDATE OF status, visibility ON photos FOR EACH ROW
        WHEN ((OLD.status = 'ready' AND OLD.visibility IN ('public', 'followers'))
          IS DISTINCT FROM (NEW.status = 'ready' AND NEW.visibility IN ('public', 'followers')))
        EXECUTE FUNCTION owe_distribution()`)
  }

  private addPhotoCounters(): void {
    // integer, as a sum of bigint is numeric, which is slower to add.
    this.addSql(`
      CREATE TABLE photo_counters (
        photo_id uuid NOT NULL REFERENCES photos ON DELETE CASCADE,
        slot     smallint NOT NULL CHECK (slot BETWEEN 0 AND 15),
        likes    integer NOT NULL DEFAULT 0,
        comments integer NOT NULL DEFAULT 0,
        PRIMARY KEY (photo_id, slot)
      )`)
    this.addSql(`
      COMMENT ON TABLE photo_counters IS
        'the sum over a photo''s slots counts; beside the photo, whose version no like may raise'`)
  }

  private countPhotosByVisibility(): void {
    this.addSql(`
      CREATE TABLE user_photo_counts (
        user_id          bigint PRIMARY KEY REFERENCES users ON DELETE CASCADE,
        public_photos    bigint NOT NULL DEFAULT 0,
        followers_photos bigint NOT NULL DEFAULT 0,
        private_photos   bigint NOT NULL DEFAULT 0
      )`)
    this.addSql(`
      COMMENT ON TABLE user_photo_counts IS
        'a user''s ready photos by visibility, so that a profile view counts no rows; kept by triggers of photos'`)
    this.addSql(`
      INSERT INTO user_photo_counts (user_id, public_photos, followers_photos, private_photos)
      SELECT owner_id, count(*) FILTER (WHERE visibility = 'public'),
        count(*) FILTER (WHERE visibility = 'followers'), count(*) FILTER (WHERE visibility = 'private')
      FROM photos WHERE status = 'ready' GROUP BY owner_id`)
    this.addSql(`ALTER TABLE user_counters DROP COLUMN photos`)
    this.addSql(`
      CREATE FUNCTION add_photo_count(owner bigint, visibility text, by integer) RETURNS void LANGUAGE sql AS $$
        INSERT INTO user_photo_counts AS counts (user_id, public_photos, followers_photos, private_photos)
        VALUES (owner, CASE WHEN visibility = 'public' THEN by ELSE 0 END,
          CASE WHEN visibility = 'followers' THEN by ELSE 0 END, CASE WHEN visibility = 'private' THEN by ELSE 0 END)
        ON CONFLICT (user_id) DO UPDATE SET public_photos = counts.public_photos + excluded.public_photos,
          followers_photos = counts.followers_photos + excluded.followers_photos,
          private_photos = counts.private_photos + excluded.private_photos
      $$`)
    // A trigger, so that a feature that publishes, narrows, deletes or takes down photos cannot forget to count.
    this.addSql(`
      CREATE FUNCTION count_photo() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF TG_OP <> 'INSERT' AND OLD.status = 'ready' THEN
          PERFORM add_photo_count(OLD.owner_id, OLD.visibility, -1);
        END IF;
        IF TG_OP <> 'DELETE' AND NEW.status = 'ready' THEN
          PERFORM add_photo_count(NEW.owner_id, NEW.visibility, 1);
        END IF;
        RETURN NULL;
      END $$`)
    this.addSql(`
      CREATE TRIGGER photos_counted_in AFTER INSERT ON photos FOR EACH ROW
        WHEN (NEW.status = 'ready') EXECUTE FUNCTION count_photo()`)
    this.addSql(`
      CREATE TRIGGER photos_counted AFTER UPDATE OF status, visibility ON photos FOR EACH ROW
        WHEN ((OLD.status = 'ready' OR NEW.status = 'ready')
          AND (OLD.status, OLD.visibility) IS DISTINCT FROM (NEW.status, NEW.visibility))
        EXECUTE FUNCTION count_photo()`)
    this.addSql(`
      CREATE TRIGGER photos_counted_out AFTER DELETE ON photos FOR EACH ROW
        WHEN (OLD.status = 'ready') EXECUTE FUNCTION count_photo()`)
  }

  override down(): void {
    this.addSql(`LOCK TABLE photos, user_counters IN SHARE ROW EXCLUSIVE MODE`)
    this.addSql(`DROP TRIGGER photos_counted_out ON photos`)
    this.addSql(`DROP TRIGGER photos_counted ON photos`)
    this.addSql(`DROP TRIGGER photos_counted_in ON photos`)
    this.addSql(`DROP FUNCTION count_photo()`)
    this.addSql(`DROP FUNCTION add_photo_count(bigint, text, integer)`)
    this.addSql(`ALTER TABLE user_counters ADD COLUMN photos bigint NOT NULL DEFAULT 0`)
    this.addSql(`
      INSERT INTO user_counters (user_id, slot, photos)
      SELECT user_id, 0, public_photos + followers_photos + private_photos FROM user_photo_counts
      ON CONFLICT (user_id, slot) DO UPDATE SET photos = excluded.photos`)
    this.addSql(`DROP TABLE user_photo_counts`)
    this.addSql(`DROP TABLE photo_counters`)
    this.restoreDistribution()
  }

  private restoreDistribution(): void {
    this.addSql(`DROP TRIGGER photos_distribution ON photos`)
    this.addSql(`DROP TRIGGER photos_inserted ON photos`)
    this.addSql(`
      ALTER TABLE photos
        ADD COLUMN distribution text DEFAULT 'none' CHECK (distribution IN ('none', 'all')),
        ADD COLUMN distribution_since timestamptz(3)`)
    this.addSql(`
      UPDATE photos SET distribution = d.distribution, distribution_since = d.since
      FROM photo_distribution d WHERE d.photo_id = photos.photo_id`)
    this.addSql(`DROP TABLE photo_distribution`)
    this.addSql(
      `CREATE INDEX photos_owed_idx ON photos (distribution_since, photo_id) WHERE distribution IS NULL`,
    )
    this.addSql(`
      CREATE OR REPLACE FUNCTION owe_distribution() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        NEW.distribution := NULL;
        NEW.distribution_since := clock_timestamp();
        RETURN NEW;
      END $$`)
    this.addSql(`
      CREATE TRIGGER photos_inserted BEFORE INSERT ON photos FOR EACH ROW
        WHEN (NEW.status = 'ready' AND NEW.visibility IN ('public', 'followers'))
        EXECUTE FUNCTION owe_distribution()`)
    this.addSql(`
      CREATE TRIGGER photos_distribution BEFORE UPDATE OF status, visibility ON photos FOR EACH ROW
        WHEN ((OLD.status = 'ready' AND OLD.visibility IN ('public', 'followers'))
          IS DISTINCT FROM (NEW.status = 'ready' AND NEW.visibility IN ('public', 'followers')))
        EXECUTE FUNCTION owe_distribution()`)
  }
}
