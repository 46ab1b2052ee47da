import { Migration } from '@mikro-orm/migrations'

/** What operators watch of the cold storage. */
export class Migration20261203ColdStorageRuns extends Migration {
  override up(): void {
    this.addSql(`
      CREATE TABLE cold_storage_runs (
        is_last     boolean PRIMARY KEY DEFAULT true CHECK (is_last),
        finished_at timestamptz(3) NOT NULL DEFAULT now()
      )`)
    this.addSql(`
      COMMENT ON TABLE cold_storage_runs IS
        'when coldStorage last ran to its end, or since when it is awaited: at most one row'`)
    this.addSql(
      `CREATE INDEX cold_originals_restoring_idx ON cold_originals (requested_at) WHERE state = 'restoring'`,
    )
  }

  override down(): void {
    this.addSql(`DROP INDEX cold_originals_restoring_idx`)
    this.addSql(`DROP TABLE cold_storage_runs`)
  }
}
