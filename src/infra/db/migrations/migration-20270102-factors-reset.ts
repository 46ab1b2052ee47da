import { Migration } from '@mikro-orm/migrations'

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
]
const KINDS = [...KINDS_BEFORE, 'factors_reset']

/** That an operator took an account's factors away is something that it is told. */
export class Migration20270102FactorsReset extends Migration {
  override up(): void {
    this.allowKinds(KINDS)
  }

  override down(): void {
    this.addSql(`DELETE FROM security_events WHERE kind = 'factors_reset'`)
    this.allowKinds(KINDS_BEFORE)
  }

  /** The table keeps 90 days of rare events: the check reads it in an instant. */
  private allowKinds(kinds: readonly string[]): void {
    this.addSql(`
      ALTER TABLE security_events DROP CONSTRAINT security_events_kind_check,
        ADD CONSTRAINT security_events_kind_check CHECK (kind IN (${kinds.map((kind) => `'${kind}'`).join(', ')}))`)
  }
}
