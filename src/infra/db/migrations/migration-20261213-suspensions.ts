import { Migration } from '@mikro-orm/migrations'

/** Suspensions that end, comments that are taken down, and cases that the staff or strikes open (ADR 51). */
export class Migration20261213Suspensions extends Migration {
  override up(): void {
    this.addSql(`ALTER TABLE users ADD COLUMN suspended_until timestamptz(3)`)
    this.addSql(
      `COMMENT ON COLUMN users.suspended_until IS 'of a suspended account: when that ends by itself; null: it does not'`,
    )
    this.addSql(`ALTER TABLE comments ADD COLUMN taken_down_at timestamptz(3)`)
    this.addSql(`
      COMMENT ON COLUMN comments.taken_down_at IS
        'by moderation: from then on nobody but its author sees the comment and its replies, and no count has them'`)
    this.addSql(`COMMENT ON COLUMN comments.reply_count IS 'replies that are neither deleted nor taken down'`)
    this.addSql(`
      CREATE TRIGGER comments_take_down BEFORE UPDATE OF taken_down_at ON comments FOR EACH ROW
        WHEN (OLD.taken_down_at IS NULL AND NEW.taken_down_at IS NOT NULL) EXECUTE FUNCTION narrow_commit()`)
    this.setSources(['reports', 'screening', 'staff', 'strikes'])
  }

  private setSources(sources: readonly string[]): void {
    const list = sources.map((source) => `'${source}'`).join(', ')
    this.addSql(`ALTER TABLE moderation_cases DROP CONSTRAINT moderation_cases_source_check`)
    this.addSql(
      `ALTER TABLE moderation_cases ADD CONSTRAINT moderation_cases_source_check CHECK (source IN (${list}))`,
    )
  }

  override down(): void {
    this.addSql(`DELETE FROM moderation_cases WHERE source IN ('staff', 'strikes')`)
    this.setSources(['reports', 'screening'])
    this.addSql(`DROP TRIGGER comments_take_down ON comments`)
    this.addSql(`COMMENT ON COLUMN comments.reply_count IS 'replies that are not deleted'`)
    this.addSql(`ALTER TABLE comments DROP COLUMN taken_down_at`)
    this.addSql(`ALTER TABLE users DROP COLUMN suspended_until`)
  }
}
