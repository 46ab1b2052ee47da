import { Migration } from '@mikro-orm/migrations'

/** Who asked to follow, who blocks or mutes whom, and what share links may show. */
export class Migration20261126Access extends Migration {
  override up(): void {
    this.addSql(`
      CREATE TABLE follow_requests (
        follower_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
        followee_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
        created_at  timestamptz(3) NOT NULL DEFAULT now(),
        PRIMARY KEY (follower_id, followee_id),
        CHECK (follower_id <> followee_id)
      )`)
    this.addSql(
      `COMMENT ON TABLE follow_requests IS 'asked and not yet accepted; follows holds what is accepted, and only that'`,
    )
    this.addSql(`
      CREATE INDEX follow_requests_received_idx ON follow_requests (followee_id, created_at DESC, follower_id DESC)`)

    // Access probes go by the primary key in both directions; the other indexes serve lists and the end of an account.
    this.addSql(`
      CREATE TABLE blocks (
        blocker_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
        blocked_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        PRIMARY KEY (blocker_id, blocked_id),
        CHECK (blocker_id <> blocked_id)
      )`)
    this.addSql(`CREATE INDEX blocks_made_idx ON blocks (blocker_id, created_at DESC, blocked_id DESC)`)
    this.addSql(`CREATE INDEX blocks_received_idx ON blocks (blocked_id, blocker_id)`)

    this.addSql(`
      CREATE TABLE mutes (
        muter_id   bigint NOT NULL REFERENCES users ON DELETE CASCADE,
        muted_id   bigint NOT NULL REFERENCES users ON DELETE CASCADE,
        until      timestamptz(3),
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        PRIMARY KEY (muter_id, muted_id),
        CHECK (muter_id <> muted_id)
      )`)
    this.addSql(`COMMENT ON COLUMN mutes.until IS 'when it runs out; null: it stays until it is ended'`)
    this.addSql(`CREATE INDEX mutes_made_idx ON mutes (muter_id, created_at DESC, muted_id DESC)`)
    this.addSql(`CREATE INDEX mutes_received_idx ON mutes (muted_id)`)

    this.addSql(`
      CREATE TABLE share_link_grants (
        link_id    uuid NOT NULL,
        photo_id   uuid NOT NULL REFERENCES photos ON DELETE CASCADE,
        granted_by bigint NOT NULL REFERENCES users ON DELETE CASCADE,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        PRIMARY KEY (link_id, photo_id)
      )`)
    this.addSql(
      `COMMENT ON COLUMN share_link_grants.granted_by IS 'counts only while it is the photo''s owner'`,
    )
    this.addSql(`CREATE INDEX share_link_grants_photo_idx ON share_link_grants (photo_id)`)
    this.addSql(`CREATE INDEX share_link_grants_granter_idx ON share_link_grants (granted_by)`)
  }

  override down(): void {
    this.addSql(`DROP TABLE share_link_grants, mutes, blocks, follow_requests`)
  }
}
