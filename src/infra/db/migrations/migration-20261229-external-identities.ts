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
]
const KINDS = [...KINDS_BEFORE, 'identity_linked', 'identity_unlinked']

/** Who signs in through which provider, and the sign-ins that are under way (ADR 67). */
export class Migration20261229ExternalIdentities extends Migration {
  override up(): void {
    this.addSql(`
      CREATE TABLE external_identities (
        identity_id  uuid PRIMARY KEY,
        user_id      bigint NOT NULL REFERENCES users ON DELETE CASCADE,
        issuer       varchar(255) NOT NULL,
        subject      varchar(255) NOT NULL,
        created_at   timestamptz(3) NOT NULL DEFAULT now(),
        last_used_at timestamptz(3),
        UNIQUE (issuer, subject)
      )`)
    this.addSql(
      `CREATE INDEX external_identities_user_idx ON external_identities (user_id, identity_id DESC)`,
    )
    this.addSql(`
      CREATE TABLE external_sign_ins (
        handle_hash  bytea PRIMARY KEY,
        issuer       varchar(255) NOT NULL,
        binding_hash bytea,
        subject      varchar(255),
        user_id      bigint REFERENCES users ON DELETE CASCADE,
        session_id   uuid,
        device_name  varchar(100),
        expires_at   timestamptz(3) NOT NULL,
        CONSTRAINT external_sign_ins_stage_check CHECK ((binding_hash IS NULL) <> (subject IS NULL))
      )`)
    this.addSql(`
      COMMENT ON TABLE external_sign_ins IS
        'states that wait for a provider, bound to a browser; and tickets of those that it vouched for, who have no account yet'`)
    this.addSql(`CREATE INDEX external_sign_ins_expiry_idx ON external_sign_ins (expires_at)`)
    this.addSql(
      `CREATE INDEX external_sign_ins_user_idx ON external_sign_ins (user_id) WHERE user_id IS NOT NULL`,
    )
    this.allowKinds(KINDS)
  }

  override down(): void {
    this.addSql(`DELETE FROM security_events WHERE kind IN ('identity_linked', 'identity_unlinked')`)
    this.allowKinds(KINDS_BEFORE)
    this.addSql(`DROP TABLE external_sign_ins`)
    this.addSql(`DROP TABLE external_identities`)
  }

  /** The table keeps 90 days of rare events: the check reads it in an instant. */
  private allowKinds(kinds: readonly string[]): void {
    this.addSql(`
      ALTER TABLE security_events DROP CONSTRAINT security_events_kind_check,
        ADD CONSTRAINT security_events_kind_check CHECK (kind IN (${kinds.map((kind) => `'${kind}'`).join(', ')}))`)
  }
}
