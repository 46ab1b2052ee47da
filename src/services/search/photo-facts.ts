import type { PhotoMetadataRow, PhotoRow } from '../../entities/index.ts'
import { orientationOf } from '../../domain/orientation.ts'
import { dominantColours } from '../../infra/image/dominant-colours.ts'
import type { Place, PlaceOf } from '../../infra/geo/places.ts'
import type { PhotoDocument, PhotoFacts } from '../../infra/opensearch/photo-index.ts'
import { foldText } from './search-text.ts'

/** What search needs of a photo beside its texts. */
export type FactsRow = Pick<
  PhotoRow,
  | 'width'
  | 'height'
  | 'thumbhash'
  | 'camera'
  | 'latitude'
  | 'longitude'
  | 'share_location'
  | 'share_camera'
  | 'share_taken_at'
  | 'share_text'
> &
  Pick<PhotoMetadataRow, 'lens'> & {
    /** Seconds since 1970 of the local time as if it were UTC. */
    taken_at_seconds: string | null
    likes: string | null
    text_in_photo: string | null
    place: Place | null
  }

/** Adds to a row the names of its location. */
export function withPlace<Row extends Pick<PhotoRow, 'latitude' | 'longitude'>>(
  row: Row,
  placeOf: PlaceOf,
): Row & { place: Place | null } {
  const { latitude, longitude } = row
  return { ...row, place: latitude === null || longitude === null ? null : placeOf({ latitude, longitude }) }
}

/** The columns of FactsRow but `place`, of `photos p`. Plan: one probe of photo_metadata_pkey, photo_texts_pkey and photo_counters_pkey each. */
export const FACTS_COLUMNS = `
  p.width, p.height, p.thumbhash, p.camera, p.latitude, p.longitude, p.share_location, p.share_camera, p.share_taken_at, p.share_text,
  extract(epoch FROM p.taken_at)::bigint AS taken_at_seconds,
  (SELECT m.lens FROM photo_metadata m WHERE m.photo_id = p.photo_id) AS lens,
  (SELECT t.text FROM photo_texts t WHERE t.photo_id = p.photo_id) AS text_in_photo,
  (SELECT sum(k.likes) FROM photo_counters k WHERE k.photo_id = p.photo_id) AS likes`

/** The part of a photo's document that `row` gives. */
export function toFacts(
  row: FactsRow,
): Pick<PhotoDocument, 'orientation' | 'colours' | 'popularity' | 'shared' | 'withheld'> {
  const taken = timeFacts(row)
  const made = cameraFacts(row)
  const located = placeFacts(row)
  const read: PhotoFacts = row.text_in_photo ? { text: foldText(row.text_in_photo) } : {}
  return {
    orientation: orientationOf(row.width, row.height),
    colours: row.thumbhash === null ? [] : dominantColours(row.thumbhash),
    popularity: popularityOf(Number(row.likes ?? 0)),
    shared: {
      ...(row.share_taken_at && taken),
      ...(row.share_camera && made),
      ...(row.share_location && located),
      ...(row.share_text && read),
    },
    withheld: {
      ...(!row.share_taken_at && taken),
      ...(!row.share_camera && made),
      ...(!row.share_location && located),
      ...(!row.share_text && read),
    },
  }
}

/** The highest popularity, of 1,024 likes and more. */
export const MAX_POPULARITY = 6

/** One for the first like, and one more for every four times as many: likes change it so seldom that it need not follow each. */
export function popularityOf(likes: number): number {
  if (likes < 1) return 0
  return Math.min(MAX_POPULARITY, 1 + Math.floor(Math.log2(likes) / 2))
}

function timeFacts({ taken_at_seconds: seconds }: FactsRow): PhotoFacts {
  if (seconds === null) return {}
  const takenAt = Number(seconds) * 1000
  return { takenAt, takenYear: new Date(takenAt).getUTCFullYear() }
}

function cameraFacts({ camera, lens }: FactsRow): PhotoFacts {
  return {
    ...(camera !== null && { camera, cameraWords: foldText(camera) }),
    ...(lens !== null && { lensWords: foldText(lens) }),
  }
}

function placeFacts({ latitude, longitude, place }: FactsRow): PhotoFacts {
  if (latitude === null || longitude === null) return {}
  return {
    location: { lat: latitude, lon: longitude },
    ...(place && {
      place: place.city === null ? place.country : `${place.city}, ${place.country}`,
      placeWords: [place.city, place.region, place.country, place.countryCode]
        .filter((name) => name !== null)
        .map(foldText),
    }),
  }
}
