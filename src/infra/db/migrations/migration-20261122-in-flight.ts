import { Migration } from '@mikro-orm/migrations'

/** What the hybrid feed needs: photos whose push is under way, and what the collector has still to look at. */
export class Migration20261122InFlight extends Migration {
  override up(): void {
    this.addSql(`
      CREATE TABLE in_flight (
        photo_id uuid PRIMARY KEY,
        owner_id bigint NOT NULL,
        score    bigint NOT NULL,
        since    timestamptz(3) NOT NULL DEFAULT clock_timestamp()
      )`)
    this.addSql(
      `COMMENT ON TABLE in_flight IS 'photos of celebrities that not every follower''s stored feed holds yet; readers merge them'`,
    )
    // Rows of feed_items may belong no longer only after the epoch has moved (unfollow, block, un-enrolment).
    this.addSql(`ALTER TABLE feed_state ADD COLUMN collected_epoch bigint NOT NULL DEFAULT 0`)
    this.addSql(
      `COMMENT ON COLUMN feed_state.collected_epoch IS 'the epoch up to which the collector has been through the feed_items'`,
    )
    this.addSql(
      `CREATE INDEX feed_state_uncollected_idx ON feed_state (user_id) WHERE epoch <> collected_epoch`,
    )
    this.addSql(`CREATE INDEX feed_state_last_read_idx ON feed_state (last_read_at) WHERE enrolled`)
  }

  override down(): void {
    this.addSql(`DROP INDEX feed_state_last_read_idx, feed_state_uncollected_idx`)
    this.addSql(`ALTER TABLE feed_state DROP COLUMN collected_epoch`)
    this.addSql(`DROP TABLE in_flight`)
  }
}
