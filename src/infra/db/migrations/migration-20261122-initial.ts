import { Migration } from '@mikro-orm/migrations'

/** The tables of the main job: accounts, photos, the social graph, the feed, the outbox. */
export class Migration20261122Initial extends Migration {
  override up(): void {
    this.addSql(`
      CREATE TABLE users (
        user_id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        username      varchar(64) NOT NULL,
        password_hash text NOT NULL,
        display_name  varchar(100),
        bio           varchar(1000),
        is_private    boolean NOT NULL DEFAULT false,
        role          text NOT NULL DEFAULT 'user' CHECK (role IN ('user', 'moderator', 'admin')),
        status        text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended', 'deactivated')),
        created_at    timestamptz(3) NOT NULL DEFAULT now()
      )`)
    this.addSql(`CREATE UNIQUE INDEX users_username_key ON users (lower(username))`)

    // Counters are dealt over slots so that a celebrity's row is not hot; a read sums at most 16 rows.
    this.addSql(`
      CREATE TABLE user_counters (
        user_id   bigint NOT NULL REFERENCES users ON DELETE CASCADE,
        slot      smallint NOT NULL CHECK (slot BETWEEN 0 AND 15),
        followers bigint NOT NULL DEFAULT 0,
        following bigint NOT NULL DEFAULT 0,
        photos    bigint NOT NULL DEFAULT 0,
        PRIMARY KEY (user_id, slot)
      )`)

    this.addSql(`
      CREATE TABLE sessions (
        session_id   uuid PRIMARY KEY,
        user_id      bigint NOT NULL REFERENCES users ON DELETE CASCADE,
        user_agent   varchar(300),
        created_at   timestamptz(3) NOT NULL DEFAULT now(),
        last_used_at timestamptz(3) NOT NULL DEFAULT now(),
        expires_at   timestamptz(3) NOT NULL,
        revoked_at   timestamptz(3)
      )`)
    this.addSql(`CREATE INDEX sessions_user_idx ON sessions (user_id, last_used_at DESC)`)
    this.addSql(`CREATE INDEX sessions_expiry_idx ON sessions (expires_at)`)
    // Refresh tokens are kept hashed; retired ones stay until the session ends, so that their reuse is noticed.
    this.addSql(`
      CREATE TABLE refresh_tokens (
        token_hash bytea PRIMARY KEY,
        session_id uuid NOT NULL REFERENCES sessions ON DELETE CASCADE,
        issued_at  timestamptz(3) NOT NULL DEFAULT now(),
        retired_at timestamptz(3)
      )`)
    this.addSql(`CREATE INDEX refresh_tokens_session_idx ON refresh_tokens (session_id)`)

    this.addSql(`
      CREATE TABLE photos (
        photo_id          uuid PRIMARY KEY,
        owner_id          bigint NOT NULL REFERENCES users,
        version           integer NOT NULL DEFAULT 1,
        access_epoch      integer NOT NULL DEFAULT 1,
        status            text NOT NULL DEFAULT 'awaiting_upload' CHECK (status IN
                            ('awaiting_upload', 'processing', 'ready', 'failed', 'quarantined', 'deleted')),
        visibility        text NOT NULL DEFAULT 'public' CHECK (visibility IN ('public', 'followers', 'private')),
        storage_key       varchar(1024) NOT NULL,
        storage_tier      text NOT NULL DEFAULT 'hot' CHECK (storage_tier IN ('hot', 'cold')),
        caption           varchar(2200),
        alt_text          varchar(1000),
        content_type      varchar(100) NOT NULL,
        bytes             bigint NOT NULL CHECK (bytes > 0),
        declared_sha256   bytea,
        sha256            bytea,
        width             integer,
        height            integer,
        thumbhash         varchar(64),
        taken_at          timestamp(0),
        taken_at_offset   smallint,
        camera            varchar(200),
        latitude          double precision,
        longitude         double precision,
        share_location    boolean NOT NULL DEFAULT false,
        share_camera      boolean NOT NULL DEFAULT false,
        allow_download    boolean NOT NULL DEFAULT false,
        failure_code      varchar(40),
        failure_detail    varchar(500),
        upload_expires_at timestamptz(3) NOT NULL,
        created_at        timestamptz(3) NOT NULL DEFAULT now(),
        published_at      timestamptz(3),
        score             bigint,
        CHECK (status <> 'ready' OR (published_at IS NOT NULL AND score IS NOT NULL))
      )`)
    this.addSql(`COMMENT ON COLUMN photos.score IS 'published_at in ms; the order of feeds and profiles'`)
    this.addSql(
      `COMMENT ON COLUMN photos.taken_at IS 'local time; taken_at_offset is its offset in minutes, if known'`,
    )
    // Pull reads this one per followee; profiles of others filter it further.
    this.addSql(`
      CREATE INDEX photos_feed_idx ON photos (owner_id, score DESC, photo_id DESC)
        WHERE status = 'ready' AND visibility IN ('public', 'followers')`)
    this.addSql(
      `CREATE INDEX photos_owner_idx ON photos (owner_id, score DESC, photo_id DESC) WHERE status = 'ready'`,
    )
    this.addSql(
      `CREATE INDEX photos_pending_idx ON photos (owner_id) WHERE status IN ('awaiting_upload', 'processing')`,
    )

    this.addSql(`
      CREATE TABLE photo_variants (
        photo_id   uuid NOT NULL REFERENCES photos ON DELETE CASCADE,
        variant    varchar(32) NOT NULL,
        format     varchar(16) NOT NULL,
        object_key varchar(1024) NOT NULL,
        width      integer NOT NULL,
        height     integer NOT NULL,
        bytes      bigint NOT NULL,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        PRIMARY KEY (photo_id, variant, format)
      )`)
    this.addSql(`
      CREATE TABLE photo_tags (
        photo_id uuid NOT NULL REFERENCES photos ON DELETE CASCADE,
        tag      varchar(100) NOT NULL,
        display  varchar(400) NOT NULL,
        position smallint NOT NULL,
        PRIMARY KEY (photo_id, tag)
      )`)

    // Fibonacci hashing of the low 31 bits; twin of domain/buckets.ts feedBucket.
    this.addSql(`
      CREATE FUNCTION feed_bucket(user_id bigint) RETURNS smallint
        LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
        RETURN ((((user_id & 2147483647) * 2654435761) & 4294967295) >> 22)::smallint`)
    this.addSql(`
      CREATE TABLE follows (
        follower_id     bigint NOT NULL REFERENCES users ON DELETE CASCADE,
        followee_id     bigint NOT NULL REFERENCES users ON DELETE CASCADE,
        created_at      timestamptz(3) NOT NULL DEFAULT now(),
        follower_bucket smallint NOT NULL GENERATED ALWAYS AS (feed_bucket(follower_id)) STORED,
        PRIMARY KEY (follower_id, followee_id),
        CHECK (follower_id <> followee_id)
      )`)
    // Fanout walks followers in this order, so that a page's feeds share Redis slots.
    this.addSql(`CREATE INDEX follows_fanout_idx ON follows (followee_id, follower_bucket, follower_id)`)
    this.addSql(
      `CREATE INDEX follows_followers_idx ON follows (followee_id, created_at DESC, follower_id DESC)`,
    )
    this.addSql(
      `CREATE INDEX follows_following_idx ON follows (follower_id, created_at DESC, followee_id DESC)`,
    )

    // One unique key serves uniqueness (a photo's score is fixed) and reading.
    this.addSql(`
      CREATE TABLE feed_items (
        user_id  bigint NOT NULL,
        photo_id uuid NOT NULL,
        score    bigint NOT NULL,
        PRIMARY KEY (user_id, score, photo_id)
      ) PARTITION BY HASH (user_id)`)
    for (let remainder = 0; remainder < 16; remainder++) {
      this.addSql(`
        CREATE TABLE feed_items_p${remainder} PARTITION OF feed_items
          FOR VALUES WITH (MODULUS 16, REMAINDER ${remainder})`)
    }
    this.addSql(`
      CREATE TABLE feed_state (
        user_id      bigint PRIMARY KEY REFERENCES users ON DELETE CASCADE,
        epoch        bigint NOT NULL DEFAULT 0,
        enrolled     boolean NOT NULL DEFAULT false,
        rows_epoch   bigint,
        rows_from    bigint,
        last_read_at timestamptz(3)
      )`)

    this.addSql(`
      CREATE TABLE outbox (
        outbox_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        kind         text NOT NULL,
        payload      jsonb NOT NULL,
        created_at   timestamptz(3) NOT NULL DEFAULT now(),
        locked_until timestamptz(3) NOT NULL DEFAULT now(),
        attempts     integer NOT NULL DEFAULT 0,
        last_error   varchar(500),
        parked_at    timestamptz(3)
      )`)
    this.addSql(`CREATE INDEX outbox_due_idx ON outbox (locked_until) WHERE parked_at IS NULL`)

    this.addSql(`
      CREATE TABLE idempotency_keys (
        user_id      bigint NOT NULL REFERENCES users ON DELETE CASCADE,
        route        text NOT NULL,
        key          varchar(255) NOT NULL,
        fingerprint  bytea NOT NULL,
        locked_until timestamptz(3),
        status       smallint,
        response     jsonb,
        created_at   timestamptz(3) NOT NULL DEFAULT now(),
        PRIMARY KEY (user_id, route, key)
      )`)
    this.addSql(`CREATE INDEX idempotency_keys_created_idx ON idempotency_keys (created_at)`)
  }

  override down(): void {
    this.addSql(`
      DROP TABLE idempotency_keys, outbox, feed_state, feed_items, follows, photo_tags, photo_variants, photos,
        refresh_tokens, sessions, user_counters, users`)
    this.addSql(`DROP FUNCTION feed_bucket(bigint)`)
  }
}
