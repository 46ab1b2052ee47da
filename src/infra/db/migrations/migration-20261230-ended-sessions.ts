import { Migration } from '@mikro-orm/migrations'

/** Requests ask which sessions of an account have ended in the last minutes. */
export class Migration20261230EndedSessions extends Migration {
  override up(): void {
    this.addSql(
      `CREATE INDEX sessions_ended_idx ON sessions (user_id, revoked_at) WHERE revoked_at IS NOT NULL`,
    )
  }

  override down(): void {
    this.addSql('DROP INDEX sessions_ended_idx')
  }
}
