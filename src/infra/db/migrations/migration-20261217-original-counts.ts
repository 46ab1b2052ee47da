import { Migration } from '@mikro-orm/migrations'

/** What housekeeping counts of the stored originals, for every process that reports it. */
export class Migration20261217OriginalCounts extends Migration {
  override up(): void {
    this.addSql(`
      CREATE TABLE original_counts (
        tier      text PRIMARY KEY CHECK (tier IN ('hot', 'cold', 'restored')),
        originals bigint NOT NULL,
        bytes     bigint NOT NULL
      )`)
    this.addSql(`COMMENT ON TABLE original_counts IS 'originals by where they are stored, as last counted'`)
  }

  override down(): void {
    this.addSql(`DROP TABLE original_counts`)
  }
}
