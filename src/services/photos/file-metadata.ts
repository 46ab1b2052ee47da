import { sql } from 'kysely'
import type { PhotoId } from '../../domain/ids.ts'
import type { TakenAt } from '../../domain/taken-at.ts'
import { PhotoMetadata, type PhotoMetadataRow } from '../../entities/index.ts'
import type { Query } from '../../infra/db/database.ts'
import { insertRow, run } from '../../infra/db/insert.ts'
import type { TakenWith } from '../../infra/image/taken-with.ts'

/** What the uploaded file says about how the photo was taken. */
export interface FileMetadata {
  /** EXIF's, 1 to 8. */
  orientation: number
  takenAt: TakenAt | null
  location: { latitude: number; longitude: number } | null
  altitude: number | null
  cameraMake: string | null
  cameraModel: string | null
  lens: string | null
  exposureSeconds: number | null
  fNumber: number | null
  iso: number | null
  focalLength: number | null
  equivalentFocalLength: number | null
  flash: boolean | null
}

/** A column of type timestamp as `2024-05-01T12:34:56`: it has no zone, and the driver would assume that of the process. */
export const localTime = (column: string): string => `to_char(${column}, 'YYYY-MM-DD"T"HH24:MI:SS')`

/** Null for a photo that was uploaded before this was kept, or whose original has not been read yet. */
export async function readFileMetadata(query: Query, photoId: PhotoId): Promise<FileMetadata | null> {
  const [row] = await query<Omit<PhotoMetadataRow, 'taken_at'> & { taken_at: string | null }>({
    name: 'file-metadata',
    text: `SELECT *, ${localTime('taken_at')} AS taken_at FROM photo_metadata WHERE photo_id = $1`,
    values: [photoId],
  })
  if (!row) return null
  const { taken_at: local, latitude, longitude } = row
  return {
    orientation: row.orientation,
    takenAt: local === null ? null : { local, offsetMinutes: row.taken_at_offset },
    location: latitude === null || longitude === null ? null : { latitude, longitude },
    altitude: row.altitude,
    cameraMake: row.camera_make,
    cameraModel: row.camera_model,
    lens: row.lens,
    exposureSeconds: row.exposure_seconds,
    fNumber: row.f_number,
    iso: row.iso,
    focalLength: row.focal_length,
    equivalentFocalLength: row.equivalent_focal_length,
    flash: row.flash,
  }
}

/** Keeps it; a validation that runs twice finds it kept. */
export async function recordFileMetadata(
  query: Query,
  photoId: PhotoId,
  file: TakenWith & { orientation: number },
): Promise<void> {
  const row = {
    photoId,
    orientation: file.orientation,
    takenAt: sql<Date | null>`${file.takenAt?.local ?? null}::timestamp`,
    takenAtOffset: file.takenAt?.offsetMinutes ?? null,
    latitude: file.location?.latitude ?? null,
    longitude: file.location?.longitude ?? null,
    altitude: file.altitude ?? null,
    cameraMake: file.cameraMake ?? null,
    cameraModel: file.cameraModel ?? null,
    lens: file.lens ?? null,
    exposureSeconds: file.exposureSeconds ?? null,
    fNumber: file.fNumber ?? null,
    iso: file.iso ?? null,
    focalLength: file.focalLength ?? null,
    equivalentFocalLength: file.equivalentFocalLength ?? null,
    flash: file.flash ?? null,
  }
  await run(
    query,
    insertRow(PhotoMetadata, row).onConflict((conflict) => conflict.doNothing()),
  )
}
