import type { PlaceOf } from '../../infra/geo/places.ts'
import type { Query } from '../../infra/db/database.ts'
import type { PhotoId } from '../../domain/ids.ts'
import { formatTakenAt } from '../../domain/taken-at.ts'
import { localTime } from '../photos/file-metadata.ts'
import { EXPORTED_STATUSES } from './originals.ts'
import { instant } from './account-list.ts'

/** What the pages show of a photo; its JSON tells more. */
interface TextsOfPhoto {
  id: PhotoId
  caption: string | null
  altText: string | null
  visibility: string
  status: string
  contentType: string
}

/** A photo as the archive's JSON tells of it; `file` is where its original is in the archive. */
export interface ExportedPhoto extends TextsOfPhoto {
  file: string
  takenAt: string | null
}

interface PhotoRow {
  photo_id: PhotoId
  latitude: number | null
  longitude: number | null
  taken_at: string | null
  taken_at_offset: number | null
  photo: TextsOfPhoto
}

/** Photos by their ids, as JSON without the file's name. Plan: a probe of photos_pkey and of five tables beside it for each. */
const PHOTOS = `
  SELECT p.photo_id, p.latitude, p.longitude, ${localTime('p.taken_at')} AS taken_at, p.taken_at_offset, json_build_object('id', p.photo_id, 'status', p.status, 'visibility', p.visibility,
      'caption', p.caption, 'altText', p.alt_text,
      'tags', (SELECT coalesce(json_agg(t.display ORDER BY t.position), '[]') FROM photo_tags t WHERE t.photo_id = p.photo_id),
      'contentType', p.content_type, 'bytes', b.bytes, 'sha256', encode(b.sha256, 'hex'), 'width', p.width, 'height', p.height,
      'camera', p.camera, 'shareLocation', p.share_location, 'shareCamera', p.share_camera, 'shareTakenAt', p.share_taken_at,
      'shareText', p.share_text, 'allowDownload', p.allow_download, 'commentPolicy', p.comment_policy,
      'sensitive', p.sensitive, 'limited', p.limited_at IS NOT NULL, 'textInPhoto', x.text,
      'createdAt', ${instant('p.created_at')}, 'publishedAt', ${instant('p.published_at')},
      'likeCount', coalesce(k.likes, 0), 'commentCount', coalesce(k.comments, 0),
      'file', CASE WHEN m.photo_id IS NOT NULL THEN json_build_object('orientation', m.orientation,
        'takenAt', ${localTime('m.taken_at')}, 'takenAtOffsetMinutes', m.taken_at_offset,
        'latitude', m.latitude, 'longitude', m.longitude, 'altitude', m.altitude, 'cameraMake', m.camera_make,
        'cameraModel', m.camera_model, 'lens', m.lens, 'exposureSeconds', m.exposure_seconds, 'fNumber', m.f_number,
        'iso', m.iso, 'focalLength', m.focal_length, 'equivalentFocalLength', m.equivalent_focal_length,
        'flash', m.flash) END) AS photo
  FROM photos p JOIN blobs b USING (blob_id)
    LEFT JOIN photo_texts x ON x.photo_id = p.photo_id AND x.state = 'read'
    LEFT JOIN photo_metadata m ON m.photo_id = p.photo_id,
    LATERAL (SELECT sum(c.likes) AS likes, sum(c.comments) AS comments FROM photo_counters c WHERE c.photo_id = p.photo_id) k
  WHERE p.photo_id = ANY ($1::uuid[]) AND p.status = ANY ($2)`

/** Those of these photos that have not been deleted. @param files the names of their originals, by photo */
export async function readPhotos(
  primary: Query,
  placeOf: PlaceOf,
  files: ReadonlyMap<PhotoId, string>,
): Promise<Map<PhotoId, ExportedPhoto>> {
  const rows = await primary<PhotoRow>({
    name: 'export-photos',
    text: PHOTOS,
    values: [[...files.keys()], EXPORTED_STATUSES],
  })
  return new Map(
    rows.map((row) => {
      const { photo_id: photoId, latitude, longitude, taken_at: local, photo } = row
      const location = latitude === null || longitude === null ? null : { latitude, longitude }
      const takenAt = local && formatTakenAt({ local, offsetMinutes: row.taken_at_offset })
      const place = location && placeOf(location)
      return [photoId, { ...photo, file: files.get(photoId)!, takenAt, location, place }] as const
    }),
  )
}
