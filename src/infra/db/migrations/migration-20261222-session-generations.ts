import { Migration } from '@mikro-orm/migrations'

/** Refresh tokens without rows, and what an account is told about its safety (ADR 60). */
export class Migration20261222SessionGenerations extends Migration {
  override up(): void {
    this.addSql(`
      ALTER TABLE sessions
        ADD COLUMN generation integer NOT NULL DEFAULT 0,
        ADD COLUMN renewed_at timestamptz(3) NOT NULL DEFAULT now(),
        ADD COLUMN name varchar(100),
        ADD COLUMN network bytea`)
    this.addSql(`
      COMMENT ON COLUMN sessions.generation IS 'how often it was renewed: the refresh token of this generation is the present one'`)
    this.addSql(`
      COMMENT ON COLUMN sessions.network IS 'digest of the network of the sign-in, by a key of the account: it tells networks that are known from new ones'`)
    this.addSql(`
      COMMENT ON TABLE refresh_tokens IS 'those issued before sessions had generations; none are added'`)
    this.addSql(`
      CREATE TABLE security_events (
        security_event_id uuid PRIMARY KEY,
        user_id           bigint NOT NULL REFERENCES users ON DELETE CASCADE,
        kind              text NOT NULL CHECK (kind IN ('new_device', 'password_changed', 'sessions_ended', 'token_reused', 'sign_in_blocked', 'token_created')),
        user_agent        varchar(300),
        network           bytea NOT NULL,
        created_at        timestamptz(3) NOT NULL DEFAULT now()
      )`)
    this.addSql(`CREATE INDEX security_events_user_idx ON security_events (user_id, security_event_id DESC)`)
    this.addSql(`CREATE INDEX security_events_created_idx ON security_events (created_at)`)
  }

  override down(): void {
    this.addSql(`DROP TABLE security_events`)
    this.addSql(`
      ALTER TABLE sessions DROP COLUMN generation, DROP COLUMN renewed_at, DROP COLUMN name, DROP COLUMN network`)
  }
}
