import { Migration } from '@mikro-orm/migrations'

/** Pictures that automatic moderation recognises (ADR 46). */
export class Migration20261129BlockedPictures extends Migration {
  override up(): void {
    this.addSql(`
      CREATE TABLE blocked_pictures (
        blocked_picture_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        sha256             bytea CHECK (length(sha256) = 32),
        perceptual_hash    bigint,
        verdict            text NOT NULL CHECK (verdict IN ('limit', 'quarantine')),
        reason             varchar(100) NOT NULL,
        added_at           timestamptz(3) NOT NULL DEFAULT now(),
        CONSTRAINT blocked_pictures_check CHECK (num_nonnulls(sha256, perceptual_hash) = 1)
      )`)
    this.addSql(`CREATE UNIQUE INDEX blocked_pictures_sha256_idx ON blocked_pictures (sha256)`)
    this.addSql(
      `CREATE UNIQUE INDEX blocked_pictures_perceptual_hash_idx ON blocked_pictures (perceptual_hash)`,
    )
    this.addSql(`COMMENT ON TABLE blocked_pictures IS 'each row is one hash; a picture has up to two'`)
  }

  override down(): void {
    this.addSql(`DROP TABLE blocked_pictures`)
  }
}
