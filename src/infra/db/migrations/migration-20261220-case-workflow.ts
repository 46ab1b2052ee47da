import { Migration } from '@mikro-orm/migrations'

/** What the workflow of a case has done: people told, takedowns proven (ADR 50). */
export class Migration20261220CaseWorkflow extends Migration {
  override up(): void {
    this.addSql(`
      ALTER TABLE moderation_decisions ADD COLUMN told_at timestamptz(3), ADD COLUMN retracted_at timestamptz(3)`)
    this.addSql(
      `COMMENT ON COLUMN moderation_decisions.told_at IS 'the owner and the reporters are owed the news since then'`,
    )
    this.addSql(
      `COMMENT ON COLUMN moderation_decisions.retracted_at IS 'every edge had proven by then that it refuses what was withdrawn'`,
    )
    this.addSql(`
      CREATE INDEX moderation_decisions_untold_idx ON moderation_decisions (created_at) WHERE told_at IS NULL`)
    for (const table of TABLES) this.setKinds(table, `${KINDS}, ${NEW_KINDS}`)
  }

  private setKinds(table: string, kinds: string): void {
    this.addSql(`
      ALTER TABLE ${table} DROP CONSTRAINT ${table}_kind_check,
        ADD CONSTRAINT ${table}_kind_check CHECK (kind IN (${kinds}))`)
  }

  override down(): void {
    for (const table of TABLES) {
      this.addSql(`DELETE FROM ${table} WHERE kind IN (${NEW_KINDS})`)
      this.setKinds(table, KINDS)
    }
    this.addSql(`ALTER TABLE moderation_decisions DROP COLUMN told_at, DROP COLUMN retracted_at`)
  }
}

const TABLES = ['notifications', 'notification_settings']
const NEW_KINDS = `'moderation_decision', 'report_outcome'`
const KINDS = `'follow', 'follow_request', 'follow_approved', 'like', 'comment', 'reply', 'mention', 'album_shared',
  'drop_box', 'original_restored'`
