import { Migration } from '@mikro-orm/migrations'

/** How erasures and exports are watched: what stores other than Postgres have is noted before and after it is removed, so that no kill makes a receipt forget or double it; and when an export last got further. */
export class Migration20270101ErasureCounts extends Migration {
  override up(): void {
    this.addSql(`ALTER TABLE account_erasure_items ADD COLUMN under_way bigint NOT NULL DEFAULT 0`)
    this.addSql(`
      COMMENT ON COLUMN account_erasure_items.under_way IS
        'what a store had at the last look: what of it is there no more at the next one was removed'`)
    this.addSql(`ALTER TABLE account_exports ADD COLUMN progressed_at timestamptz(3) NOT NULL DEFAULT now()`)
    this.addSql(`
      COMMENT ON COLUMN account_exports.progressed_at IS 'when it was asked for, or its last part was recorded'`)
  }

  override down(): void {
    this.addSql(`ALTER TABLE account_exports DROP COLUMN progressed_at`)
    this.addSql(`ALTER TABLE account_erasure_items DROP COLUMN under_way`)
  }
}
