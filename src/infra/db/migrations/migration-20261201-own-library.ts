import { Migration } from '@mikro-orm/migrations'

/** The orders in which owners look through their own photos: by month, by day of the year, by place (ADR 44). */
export class Migration20261201OwnLibrary extends Migration {
  override up(): void {
    this.addSql(`
      CREATE INDEX photos_moment_idx ON photos (owner_id, (coalesce(taken_at, published_at AT TIME ZONE 'UTC')))
        WHERE status = 'ready'`)
    this.addSql(`
      CREATE INDEX photos_day_idx ON photos
          (owner_id, ((extract(month FROM taken_at) * 100 + extract(day FROM taken_at))::integer), taken_at)
        WHERE status = 'ready' AND taken_at IS NOT NULL`)
    this.addSql(`
      CREATE INDEX photos_map_idx ON photos (owner_id, latitude, longitude) INCLUDE (photo_id)
        WHERE status = 'ready' AND latitude IS NOT NULL`)
  }

  override down(): void {
    this.addSql(`DROP INDEX photos_moment_idx, photos_day_idx, photos_map_idx`)
  }
}
