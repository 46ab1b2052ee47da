import { Migration } from '@mikro-orm/migrations'

const KINDS_BEFORE = [
  'new_device',
  'password_changed',
  'sessions_ended',
  'token_reused',
  'sign_in_blocked',
  'token_created',
]
const KINDS = [
  ...KINDS_BEFORE,
  'factor_added',
  'factor_removed',
  'recovery_codes_made',
  'recovery_code_used',
  'second_factor_blocked',
  'passkey_copied',
]

/** Authenticator apps, passkeys and recovery codes, and the challenges that they answer (ADR 62). */
export class Migration20261225SecondFactors extends Migration {
  override up(): void {
    this.addSql(`
      CREATE TABLE totp_secrets (
        user_id      bigint NOT NULL REFERENCES users ON DELETE CASCADE,
        is_confirmed boolean NOT NULL,
        secret       varchar(255) NOT NULL,
        last_step    bigint,
        created_at   timestamptz(3) NOT NULL DEFAULT now(),
        PRIMARY KEY (user_id, is_confirmed)
      )`)
    this.addSql(`COMMENT ON COLUMN totp_secrets.secret IS 'encrypted, with the name of its key (TOTP_KEYS)'`)
    this.addSql(`
      COMMENT ON COLUMN totp_secrets.last_step IS 'the half minute of the last code that was taken: it and those before it are refused'`)
    this.addSql(`CREATE INDEX totp_secrets_waiting_idx ON totp_secrets (created_at) WHERE NOT is_confirmed`)
    this.addSql(`
      CREATE TABLE recovery_codes (
        user_id    bigint NOT NULL REFERENCES users ON DELETE CASCADE,
        code_hash  bytea NOT NULL,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        PRIMARY KEY (user_id, code_hash)
      )`)
    this.addSql(`
      CREATE TABLE passkeys (
        passkey_id    uuid PRIMARY KEY,
        user_id       bigint NOT NULL REFERENCES users ON DELETE CASCADE,
        credential_id bytea NOT NULL UNIQUE,
        public_key    bytea NOT NULL,
        sign_count    bigint NOT NULL DEFAULT 0,
        transports    text[] NOT NULL,
        name          varchar(100),
        is_backed_up  boolean NOT NULL,
        created_at    timestamptz(3) NOT NULL DEFAULT now(),
        last_used_at  timestamptz(3)
      )`)
    this.addSql(
      `COMMENT ON COLUMN passkeys.sign_count IS 'as the authenticator counts; one that does not rise is a copy'`,
    )
    this.addSql(`CREATE INDEX passkeys_user_idx ON passkeys (user_id, passkey_id DESC)`)
    this.addSql(`
      CREATE TABLE factor_challenges (
        challenge_hash bytea PRIMARY KEY,
        purpose        text NOT NULL CHECK (purpose IN ('sign_in', 'passkey_sign_in', 'passkey_registration', 'presence')),
        user_id        bigint REFERENCES users ON DELETE CASCADE,
        session_id     uuid,
        user_agent     varchar(300),
        device_name    varchar(100),
        attempts       integer NOT NULL DEFAULT 0,
        expires_at     timestamptz(3) NOT NULL
      )`)
    this.addSql(`CREATE INDEX factor_challenges_expiry_idx ON factor_challenges (expires_at)`)
    this.addSql(`CREATE INDEX factor_challenges_user_idx ON factor_challenges (user_id)`)
    this.addSql(`ALTER TABLE sessions ADD COLUMN second_factor_at timestamptz(3)`)
    this.addSql(
      `COMMENT ON COLUMN sessions.second_factor_at IS 'when the device last proved a second factor'`,
    )
    this.allowKinds(KINDS)
  }

  override down(): void {
    this.addSql(`
      DELETE FROM security_events WHERE kind NOT IN (${KINDS_BEFORE.map((kind) => `'${kind}'`).join(', ')})`)
    this.allowKinds(KINDS_BEFORE)
    this.addSql(`ALTER TABLE sessions DROP COLUMN second_factor_at`)
    for (const table of ['factor_challenges', 'passkeys', 'recovery_codes', 'totp_secrets'])
      this.addSql(`DROP TABLE ${table}`)
  }

  /** The table keeps 90 days of rare events: the check reads it in an instant. */
  private allowKinds(kinds: readonly string[]): void {
    this.addSql(`
      ALTER TABLE security_events DROP CONSTRAINT security_events_kind_check,
        ADD CONSTRAINT security_events_kind_check CHECK (kind IN (${kinds.map((kind) => `'${kind}'`).join(', ')}))`)
  }
}
