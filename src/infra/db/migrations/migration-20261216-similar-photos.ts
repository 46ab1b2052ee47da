import { Migration } from '@mikro-orm/migrations'

const BANDS = [
  'perceptual_hash & 65535',
  'perceptual_hash >> 16 & 65535',
  'perceptual_hash >> 32 & 65535',
  'perceptual_hash >> 48 & 65535',
]

/** Finds public photos by parts of their perceptual hashes (ADR 58). */
export class Migration20261216SimilarPhotos extends Migration {
  override up(): void {
    // Of all photos: the statistics of a partial index do not count, and the planner would take each part for frequent and read the table.
    for (const [band, bits] of BANDS.entries())
      this.addSql(`CREATE INDEX photos_band_${band}_idx ON photos ((${bits}))`)
  }

  override down(): void {
    for (const band of BANDS.keys()) this.addSql(`DROP INDEX photos_band_${band}_idx`)
  }
}
