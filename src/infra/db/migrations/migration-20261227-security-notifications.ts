import { Migration } from '@mikro-orm/migrations'

/** Security events are notifications, which no setting keeps out of the list (ADR 25). */
export class Migration20261227SecurityNotifications extends Migration {
  override up(): void {
    for (const table of TABLES) this.setKinds(table, `${KINDS}, 'security'`)
    this.addSql(`
      ALTER TABLE notification_settings
        ADD CONSTRAINT notification_settings_security_check CHECK (kind <> 'security' OR in_app IS NOT FALSE)`)
  }

  private setKinds(table: string, kinds: string): void {
    this.addSql(`
      ALTER TABLE ${table} DROP CONSTRAINT ${table}_kind_check,
        ADD CONSTRAINT ${table}_kind_check CHECK (kind IN (${kinds}))`)
  }

  override down(): void {
    this.addSql(`ALTER TABLE notification_settings DROP CONSTRAINT notification_settings_security_check`)
    for (const table of TABLES) {
      this.addSql(`DELETE FROM ${table} WHERE kind = 'security'`)
      this.setKinds(table, KINDS)
    }
  }
}

const TABLES = ['notifications', 'notification_settings']
const KINDS = `'follow', 'follow_request', 'follow_approved', 'like', 'comment', 'reply', 'mention', 'album_shared',
  'drop_box', 'original_restored', 'moderation_decision', 'report_outcome'`
