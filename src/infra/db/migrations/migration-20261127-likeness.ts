import { Migration } from '@mikro-orm/migrations'

/** Which photos of an account look the same (ADR 39). */
export class Migration20261127Likeness extends Migration {
  override up(): void {
    this.addSql(`ALTER TABLE photos ADD COLUMN perceptual_hash bigint, ADD COLUMN likeness bigint`)
    this.addSql(
      `COMMENT ON COLUMN photos.perceptual_hash IS 'null for a picture without features, and for older photos'`,
    )
    this.addSql(`
      COMMENT ON COLUMN photos.likeness IS
        'photos of one owner that look the same have the same: the hash of the first of them, or the first 64 bits of the SHA-256'`)
    // Older photos are known by their bytes, until the same bytes arrive again.
    this.addSql(`
      UPDATE photos SET likeness = ('x' || encode(substring(sha256 FOR 8), 'hex'))::bit(64)::bigint
      WHERE length(sha256) = 32 AND status IN ('processing', 'ready', 'trashed')`)
    this.addSql(`
      CREATE INDEX photos_likeness_idx ON photos (owner_id, likeness) INCLUDE (perceptual_hash, status, score)
        WHERE likeness IS NOT NULL`)
  }

  override down(): void {
    this.addSql(`ALTER TABLE photos DROP COLUMN perceptual_hash, DROP COLUMN likeness`)
  }
}
