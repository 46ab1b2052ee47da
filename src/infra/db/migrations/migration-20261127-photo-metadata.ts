import { Migration } from '@mikro-orm/migrations'

/** What the file says of how a photo was taken, beside what its owner makes of it. */
export class Migration20261127PhotoMetadata extends Migration {
  override up(): void {
    this.addSql(`
      CREATE TABLE photo_metadata (
        photo_id                uuid PRIMARY KEY REFERENCES photos ON DELETE CASCADE,
        orientation             smallint NOT NULL,
        taken_at                timestamp(0),
        taken_at_offset         smallint,
        latitude                float8,
        longitude               float8,
        altitude                float8,
        camera_make             varchar(100),
        camera_model            varchar(100),
        lens                    varchar(200),
        exposure_seconds        float8,
        f_number                float8,
        iso                     integer,
        focal_length            float8,
        equivalent_focal_length integer,
        flash                   boolean
      )`)
    this.addSql(`
      COMMENT ON TABLE photo_metadata IS
        'what the uploaded file says about how a photo was taken; photos has what is shown, which its owner may edit'`)
    this.addSql(`
      ALTER TABLE photos
        ADD COLUMN taken_at_edited boolean NOT NULL DEFAULT false,
        ADD COLUMN location_edited boolean NOT NULL DEFAULT false`)
    this.addSql(`
      COMMENT ON COLUMN photos.location_edited IS 'the owner has set the place, or none; the file no longer replaces it'`)
    // What is shared and then edited or emptied is taken from others, like a right (ADR 4).
    this.narrowWhen(
      [
        'share_location',
        'share_camera',
        'share_taken_at',
        'allow_download',
        'latitude',
        'longitude',
        'taken_at',
      ],
      `OR OLD.share_location AND OLD.latitude IS NOT NULL
        AND (OLD.latitude, OLD.longitude) IS DISTINCT FROM (NEW.latitude, NEW.longitude)
      OR OLD.share_taken_at AND OLD.taken_at IS NOT NULL AND OLD.taken_at IS DISTINCT FROM NEW.taken_at`,
    )
  }

  override down(): void {
    this.narrowWhen(['share_location', 'share_camera', 'share_taken_at', 'allow_download'])
    this.addSql(`ALTER TABLE photos DROP COLUMN taken_at_edited, DROP COLUMN location_edited`)
    this.addSql(`DROP TABLE photo_metadata`)
  }

  private narrowWhen(columns: readonly string[], orElse = ''): void {
    this.addSql(`DROP TRIGGER photos_narrow ON photos`)
    this.addSql(`
      CREATE TRIGGER photos_narrow BEFORE UPDATE OF ${columns.join(', ')} ON photos FOR EACH ROW
        WHEN (OLD.share_location AND NOT NEW.share_location OR OLD.share_camera AND NOT NEW.share_camera
          OR OLD.share_taken_at AND NOT NEW.share_taken_at OR OLD.allow_download AND NOT NEW.allow_download ${orElse})
        EXECUTE FUNCTION narrow_commit()`)
  }
}
