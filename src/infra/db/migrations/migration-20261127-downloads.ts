import { Migration } from '@mikro-orm/migrations'

/** Whoever ends downloads takes reach away: image URLs are revoked, and the copy that others downloaded goes. */
export class Migration20261127Downloads extends Migration {
  override up(): void {
    this.addSql(`
      CREATE FUNCTION end_downloads() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        DELETE FROM photo_variants WHERE photo_id = NEW.photo_id AND variant = 'download';
        RETURN NULL;
      END $$`)
    this.addSql(`
      COMMENT ON FUNCTION end_downloads() IS
        'the copy for others has no row any more, so that the retraction''s sweep deletes its object'`)
    this.addSql(`
      CREATE TRIGGER photos_end_downloads AFTER UPDATE OF allow_download ON photos FOR EACH ROW
        WHEN (OLD.allow_download AND NOT NEW.allow_download) EXECUTE FUNCTION end_downloads()`)
    this.retractWhen(
      'status, visibility, access_epoch, allow_download',
      `${NARROWED} OR OLD.allow_download AND NOT NEW.allow_download`,
    )
  }

  override down(): void {
    this.retractWhen('status, visibility, access_epoch', NARROWED)
    this.addSql(`DROP TRIGGER photos_end_downloads ON photos`)
    this.addSql(`DROP FUNCTION end_downloads()`)
  }

  private retractWhen(columns: string, condition: string): void {
    this.addSql(`DROP TRIGGER photos_retract ON photos`)
    this.addSql(`
      CREATE TRIGGER photos_retract BEFORE UPDATE OF ${columns} ON photos FOR EACH ROW
        WHEN (${condition}) EXECUTE FUNCTION retract_photo()`)
  }
}

const NARROWED = `photo_reach(NEW.status, NEW.visibility) < photo_reach(OLD.status, OLD.visibility)
  OR NEW.access_epoch > OLD.access_epoch`
