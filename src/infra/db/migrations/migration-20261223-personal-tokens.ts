import { Migration } from '@mikro-orm/migrations'

/** Tokens by which programs act for an account, each for what it names (ADR 59). */
export class Migration20261223PersonalTokens extends Migration {
  override up(): void {
    this.addSql(`
      CREATE TABLE personal_tokens (
        token_id     uuid PRIMARY KEY,
        user_id      bigint NOT NULL REFERENCES users ON DELETE CASCADE,
        name         varchar(100) NOT NULL,
        scopes       text[] NOT NULL,
        token_hash   bytea NOT NULL UNIQUE,
        created_at   timestamptz(3) NOT NULL DEFAULT now(),
        expires_at   timestamptz(3),
        last_used_at timestamptz(3)
      )`)
    this.addSql(`CREATE INDEX personal_tokens_user_idx ON personal_tokens (user_id, token_id DESC)`)
  }

  override down(): void {
    this.addSql(`DROP TABLE personal_tokens`)
  }
}
