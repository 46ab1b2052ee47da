import { Migration } from '@mikro-orm/migrations'

/** When a photo was taken is shared or not by a flag of its own; photos until now have shown it. */
export class Migration20261127ShareTakenAt extends Migration {
  override up(): void {
    this.addSql(`ALTER TABLE photos ADD COLUMN share_taken_at boolean NOT NULL DEFAULT true`)
    this.narrowWhen(['share_location', 'share_camera', 'share_taken_at', 'allow_download'])
  }

  override down(): void {
    this.narrowWhen(['share_location', 'share_camera', 'allow_download'])
    this.addSql(`ALTER TABLE photos DROP COLUMN share_taken_at`)
  }

  private narrowWhen(flags: readonly string[]): void {
    this.addSql(`DROP TRIGGER photos_narrow ON photos`)
    this.addSql(`
      CREATE TRIGGER photos_narrow BEFORE UPDATE OF ${flags.join(', ')} ON photos FOR EACH ROW
        WHEN (${flags.map((flag) => `OLD.${flag} AND NOT NEW.${flag}`).join(' OR ')})
        EXECUTE FUNCTION narrow_commit()`)
  }
}
