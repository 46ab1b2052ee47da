import { Migration } from '@mikro-orm/migrations'

/** Blobs tell where originals are. Releases before this one write the column, so it stays until none of them runs. */
export class Migration20261217StorageKey extends Migration {
  override up(): void {
    this.addSql(`ALTER TABLE photos ALTER COLUMN storage_key DROP NOT NULL`)
    this.addSql(
      `COMMENT ON COLUMN photos.storage_key IS 'of earlier releases, which read it nowhere; to be dropped'`,
    )
  }

  override down(): void {
    this.addSql(`
      UPDATE photos p SET storage_key = coalesce((SELECT object_key FROM blobs b WHERE b.blob_id = p.blob_id), 'incoming/' || photo_id)
      WHERE storage_key IS NULL`)
    this.addSql(`ALTER TABLE photos ALTER COLUMN storage_key SET NOT NULL`)
    this.addSql(`COMMENT ON COLUMN photos.storage_key IS NULL`)
  }
}
