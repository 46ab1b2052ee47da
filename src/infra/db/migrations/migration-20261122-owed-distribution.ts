import { Migration } from '@mikro-orm/migrations'

/** For the sweep of what has been owed a push or collection for long; as small as what is owed. */
export class Migration20261122OwedDistribution extends Migration {
  override up(): void {
    this.addSql(
      `CREATE INDEX photos_owed_idx ON photos (distribution_since, photo_id) WHERE distribution IS NULL`,
    )
  }

  override down(): void {
    this.addSql(`DROP INDEX photos_owed_idx`)
  }
}
