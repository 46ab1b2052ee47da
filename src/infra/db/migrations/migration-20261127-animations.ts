import { Migration } from '@mikro-orm/migrations'

/** Which photos have an animation as a variant; of photos until now it is unknown, so they have none. */
export class Migration20261127Animations extends Migration {
  override up(): void {
    this.addSql(`ALTER TABLE photos ADD COLUMN animation_frames integer`)
  }

  override down(): void {
    this.addSql(`ALTER TABLE photos DROP COLUMN animation_frames`)
  }
}
