import { Migration } from '@mikro-orm/migrations'

/** What the stored feeds are known to hold of each photo, so that only what changes that has a push or collection follow. */
export class Migration20261122Distribution extends Migration {
  override up(): void {
    this.addSql(`
      ALTER TABLE photos
        ADD COLUMN distribution text DEFAULT 'none' CHECK (distribution IN ('none', 'all')),
        ADD COLUMN distribution_since timestamptz(3)`)
    this.addSql(`
      COMMENT ON COLUMN photos.distribution IS
        'none: in no stored feed; all: in the feeds of all enrolled followers; null: a push or collection is owed'`)
    this.addSql(
      `COMMENT ON COLUMN photos.distribution_since IS 'when the push or collection came to be owed'`,
    )
    this.addSql(`
      UPDATE photos SET distribution = NULL, distribution_since = clock_timestamp()
      WHERE status = 'ready' AND visibility IN ('public', 'followers')`)
    // A trigger, so that whoever publishes, narrows, deletes or takes down a photo cannot forget it.
    this.addSql(`
      CREATE FUNCTION owe_distribution() RETURNS trigger LANGUAGE plpgsql AS $$
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

  override down(): void {
    this.addSql(`DROP TRIGGER photos_distribution ON photos`)
    this.addSql(`DROP TRIGGER photos_inserted ON photos`)
    this.addSql(`DROP FUNCTION owe_distribution()`)
    this.addSql(`ALTER TABLE photos DROP COLUMN distribution, DROP COLUMN distribution_since`)
  }
}
