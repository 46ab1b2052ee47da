import { Migration } from '@mikro-orm/migrations'

/** Originals that arrive in parts. */
export class Migration20261127MultipartUploads extends Migration {
  override up(): void {
    this.addSql(`
      CREATE TABLE multipart_uploads (
        photo_id   uuid PRIMARY KEY REFERENCES photos ON DELETE CASCADE,
        upload_id  text NOT NULL,
        part_bytes integer NOT NULL CHECK (part_bytes > 0)
      )`)
    this.addSql(`
      COMMENT ON TABLE multipart_uploads IS
        'uploads in parts, until they are closed; what the storage lists and no row names is aborted by a sweep'`)
  }

  override down(): void {
    this.addSql(`DROP TABLE multipart_uploads`)
  }
}
