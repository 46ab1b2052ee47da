import { Migration } from '@mikro-orm/migrations'

/** Accounts that are left for good: who asked for it, what was removed of them, and what stands in the place of what they said (ADR 63). */
export class Migration20261226AccountErasures extends Migration {
  override up(): void {
    this.setStandings([...STANDINGS, 'erasing', 'erased'])
    this.addSql(`
      CREATE TABLE account_erasures (
        erasure_id   uuid PRIMARY KEY,
        user_id      bigint NOT NULL,
        secret_hash  bytea NOT NULL,
        name_hash    bytea NOT NULL,
        requested_at timestamptz(3) NOT NULL DEFAULT now(),
        starts_at    timestamptz(3) NOT NULL,
        started_at   timestamptz(3),
        completed_at timestamptz(3),
        kept_until   timestamptz(3)
      )`)
    this.addSql(`
      COMMENT ON TABLE account_erasures IS
        'one that was not started is deleted when its account signs in; a completed one is the receipt'`)
    this.addSql(
      `COMMENT ON COLUMN account_erasures.secret_hash IS 'SHA-256 of 32 random bytes, by which the receipt is read'`,
    )
    this.addSql(
      `COMMENT ON COLUMN account_erasures.name_hash IS 'keyed digest of the username, which stays reserved'`,
    )
    this.addSql(
      `COMMENT ON COLUMN account_erasures.kept_until IS 'when what moderation keeps of the account is deleted'`,
    )
    this.addSql(`
      CREATE UNIQUE INDEX account_erasures_open_key ON account_erasures (user_id) WHERE completed_at IS NULL`)
    this.addSql(`CREATE INDEX account_erasures_completed_idx ON account_erasures (completed_at)`)
    this.addSql(`
      CREATE TABLE account_erasure_items (
        erasure_id  uuid NOT NULL REFERENCES account_erasures ON DELETE CASCADE,
        store       text NOT NULL CHECK (store IN ('postgres', 'redis', 'opensearch', 'bucket', 'edges', 'temporal')),
        what        varchar(64) NOT NULL,
        removed     bigint NOT NULL DEFAULT 0,
        kept        bigint NOT NULL DEFAULT 0,
        verified_at timestamptz(3),
        PRIMARY KEY (erasure_id, store, what)
      )`)
    this.addSql(`
      COMMENT ON TABLE account_erasure_items IS
        'what an erasure removed, counted in the transaction that removes it, and when nothing of it was found any more'`)
    this.addSql(`
      CREATE TABLE reserved_usernames (
        name_hash bytea PRIMARY KEY,
        until     timestamptz(3) NOT NULL
      )`)
    this.addSql(
      `COMMENT ON TABLE reserved_usernames IS 'of accounts that were erased: nobody takes them for a year'`,
    )
    this.addSql(`CREATE INDEX reserved_usernames_until_idx ON reserved_usernames (until)`)

    this.addSql(`ALTER TABLE comments ADD COLUMN erased_at timestamptz(3)`)
    this.addSql(`
      COMMENT ON COLUMN comments.erased_at IS
        'its author left for good: it stands without text, and is counted nowhere, as long as it has replies'`)
    this.addSql(`CREATE INDEX comments_erased_idx ON comments (erased_at) WHERE erased_at IS NOT NULL`)
    // Of accounts that leave: what others were told of them.
    this.addSql(`
      CREATE INDEX notification_entries_actor_idx ON notification_entries (actor_id) WHERE actor_id IS NOT NULL`)
    // What the log of moderation has of them.
    this.addSql(`CREATE INDEX moderation_audit_subject_idx ON moderation_audit (subject)`)
    this.addSql(
      `CREATE INDEX moderation_audit_actor_idx ON moderation_audit (actor_id) WHERE actor_id IS NOT NULL`,
    )
  }

  private setStandings(standings: readonly string[]): void {
    const list = standings.map((standing) => `'${standing}'`).join(', ')
    this.addSql(`ALTER TABLE users DROP CONSTRAINT users_status_check`)
    this.addSql(`ALTER TABLE users ADD CONSTRAINT users_status_check CHECK (status IN (${list})) NOT VALID`)
    this.addSql(`ALTER TABLE users VALIDATE CONSTRAINT users_status_check`)
  }

  override down(): void {
    this.addSql(
      `DROP INDEX moderation_audit_actor_idx, moderation_audit_subject_idx, notification_entries_actor_idx`,
    )
    this.addSql(`DELETE FROM comments WHERE erased_at IS NOT NULL AND reply_count = 0`)
    this.addSql(`ALTER TABLE comments DROP COLUMN erased_at`)
    this.addSql(`DROP TABLE reserved_usernames, account_erasure_items, account_erasures`)
    this.addSql(`UPDATE users SET status = 'deactivated' WHERE status IN ('erasing', 'erased')`)
    this.setStandings(STANDINGS)
  }
}

const STANDINGS = ['active', 'suspended', 'deactivated']
