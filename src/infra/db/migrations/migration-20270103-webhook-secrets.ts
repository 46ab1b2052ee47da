import { Migration } from '@mikro-orm/migrations'

/**
 * Secrets of webhooks can be rotated, and accounts are told of what happens to webhooks and to their standing. The kinds of security
 * events are checked by the type of their only writer from now on: each new one took a constraint away and put it back.
 */
export class Migration20270103WebhookSecrets extends Migration {
  override up(): void {
    this.addSql(`
      ALTER TABLE webhooks
        ADD COLUMN secret_generation integer NOT NULL DEFAULT 1,
        ADD COLUMN oldest_generation integer NOT NULL DEFAULT 1,
        ADD COLUMN previous_secrets_until timestamptz(3)`)
    this.addSql(`ALTER TABLE security_events DROP CONSTRAINT security_events_kind_check`)
  }

  override down(): void {
    const kinds = KINDS_BEFORE.map((kind) => `'${kind}'`).join(', ')
    this.addSql(`DELETE FROM security_events WHERE kind NOT IN (${kinds})`)
    this.addSql(`
      ALTER TABLE security_events ADD CONSTRAINT security_events_kind_check CHECK (kind IN (${kinds}))`)
    this.addSql(`
      ALTER TABLE webhooks
        DROP COLUMN secret_generation, DROP COLUMN oldest_generation, DROP COLUMN previous_secrets_until`)
  }
}

const KINDS_BEFORE = [
  'new_device',
  'password_changed',
  'sessions_ended',
  'token_reused',
  'sign_in_blocked',
  'token_created',
  'factor_added',
  'factor_removed',
  'recovery_codes_made',
  'recovery_code_used',
  'second_factor_blocked',
  'passkey_copied',
  'identity_linked',
  'identity_unlinked',
  'factors_reset',
]
