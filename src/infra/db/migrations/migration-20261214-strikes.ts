import { Migration } from '@mikro-orm/migrations'

/** The policy by which strikes limit and suspend accounts, and the index that finds suspensions that are over (ADR 51). */
export class Migration20261214Strikes extends Migration {
  override up(): void {
    this.addSql(`
      INSERT INTO moderation_policies (policy_id, version, title, text, is_strike) VALUES ('strikes', 1, 'Strikes',
        'Who breaks the policies again and again is limited first, and then suspended. A strike counts for 90 days.', false)
      ON CONFLICT DO NOTHING`)
    this.addSql(
      `CREATE INDEX users_suspended_until_idx ON users (suspended_until) WHERE suspended_until IS NOT NULL`,
    )
  }

  override down(): void {
    this.addSql(`DROP INDEX users_suspended_until_idx`)
    this.addSql(`DELETE FROM moderation_decisions WHERE policy_id = 'strikes'`)
    this.addSql(`DELETE FROM moderation_policies WHERE policy_id = 'strikes'`)
  }
}
