import { Migration } from '@mikro-orm/migrations'

/** Finds the mutes that have run out. No route has made any yet, so building the index locks nobody out. */
export class Migration20261127MutesUntil extends Migration {
  override up(): void {
    this.addSql(`CREATE INDEX mutes_until_idx ON mutes (until) WHERE until IS NOT NULL`)
  }

  override down(): void {
    this.addSql(`DROP INDEX mutes_until_idx`)
  }
}
