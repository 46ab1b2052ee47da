import { Migration } from '@mikro-orm/migrations'

/** What an author's trust is lost by (ADR 46), found without reading all of their photos. */
export class Migration20261130SanctionedPhotos extends Migration {
  override up(): void {
    this.addSql(`
      CREATE INDEX photos_sanctioned_idx ON photos (owner_id)
        WHERE (status = 'quarantined' OR limited_at IS NOT NULL) AND status <> 'deleted'`)
  }

  override down(): void {
    this.addSql(`DROP INDEX photos_sanctioned_idx`)
  }
}
