import { Migration } from '@mikro-orm/migrations'

/** Originals are stored once: photos refer to blobs, and a blob lives as long as one does (ADR 35). */
export class Migration20261127Blobs extends Migration {
  override up(): void {
    this.addSql(`
      CREATE TABLE blobs (
        blob_id      uuid PRIMARY KEY,
        sha256       bytea NOT NULL CHECK (length(sha256) = 32),
        bytes        bigint NOT NULL CHECK (bytes > 0),
        object_key   varchar(1024) NOT NULL,
        state        text NOT NULL CHECK (state IN ('live', 'separate', 'condemned')),
        created_at   timestamptz(3) NOT NULL DEFAULT now(),
        condemned_at timestamptz(3),
        CHECK ((state = 'condemned') = (condemned_at IS NOT NULL))
      )`)
    this.addSql(
      `COMMENT ON TABLE blobs IS 'an original that is stored; blob_id is the photo that brought it'`,
    )
    this.addSql(`
      COMMENT ON COLUMN blobs.state IS
        'live: photos with the same bytes join it; separate: stored before originals were shared; condemned: no photo may refer to it again'`)
    this.addSql(`CREATE UNIQUE INDEX blobs_live_key ON blobs (sha256, bytes) WHERE state = 'live'`)
    this.addSql(`CREATE INDEX blobs_condemned_idx ON blobs (condemned_at) WHERE state = 'condemned'`)
    this.addSql(`ALTER TABLE photos ADD COLUMN blob_id uuid REFERENCES blobs`)
    this.addSql(`COMMENT ON COLUMN photos.blob_id IS 'the reference that keeps the original stored'`)
    // Of the same bytes, one is joined by later uploads; the others stay as they are until their photos go.
    this.addSql(`
      INSERT INTO blobs (blob_id, sha256, bytes, object_key, state, created_at)
      SELECT p.photo_id, p.sha256, v.bytes, v.object_key, CASE WHEN row_number() OVER same = 1 THEN 'live' ELSE 'separate' END,
        p.created_at
      FROM photos p JOIN photo_variants v ON v.photo_id = p.photo_id AND v.variant = 'original'
      WHERE length(p.sha256) = 32 AND p.status NOT IN ('failed', 'deleted')
      WINDOW same AS (PARTITION BY p.sha256, v.bytes ORDER BY p.photo_id)`)
    this.addSql(`UPDATE photos p SET blob_id = p.photo_id FROM blobs b WHERE b.blob_id = p.photo_id`)
    this.addSql(`CREATE INDEX photos_blob_idx ON photos (blob_id) WHERE blob_id IS NOT NULL`)
  }

  /** Photos that share an original lose it: before, each had its own. */
  override down(): void {
    this.addSql(`ALTER TABLE photos DROP COLUMN blob_id`)
    this.addSql(`DROP TABLE blobs`)
  }
}
