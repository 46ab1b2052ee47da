import { Migration } from '@mikro-orm/migrations'

/** What a variant was made with, by which a re-encode knows those of former settings; of older variants it is unknown. */
export class Migration20261127VariantRecipes extends Migration {
  override up(): void {
    this.addSql(`ALTER TABLE photo_variants ADD COLUMN recipe varchar(100)`)
  }

  override down(): void {
    this.addSql(`ALTER TABLE photo_variants DROP COLUMN recipe`)
  }
}
