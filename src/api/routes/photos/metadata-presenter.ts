import type { z } from 'zod'
import { formatTakenAt } from '../../../domain/taken-at.ts'
import { viewerUserId, type Viewer } from '../../../domain/viewer.ts'
import type { FileMetadata } from '../../../services/photos/file-metadata.ts'
import type { PhotoCard } from '../../../services/photos/photo-cards.ts'
import type { PlaceOf } from '../../../infra/geo/places.ts'
import type { MetadataSchema } from './metadata-schema.ts'

type PresentedMetadata = z.infer<typeof MetadataSchema>

/** Shows of a photo's metadata what its owner shares with the viewer, field by field; the owner gets all of it. */
export function presentMetadata(
  { card, file }: { card: PhotoCard; file: FileMetadata | null },
  viewer: Viewer,
  placeOf: PlaceOf,
): PresentedMetadata {
  const isOwner = viewerUserId(viewer) === card.owner.userId
  const camera = file && cameraOf(file)
  const { location, takenAt } = card
  return {
    takenAt: takenAt !== null && (isOwner || card.shareTakenAt) ? formatTakenAt(takenAt) : null,
    ...(camera && (isOwner || card.shareCamera) ? { camera } : {}),
    ...(location !== null && (isOwner || card.shareLocation)
      ? { location: { ...location, altitude: altitudeAt(location, file) }, place: placeOf(location) }
      : {}),
    width: card.width,
    height: card.height,
    ...(isOwner && file ? { file: presentFile(file, card) } : {}),
  }
}

/** Null if the file says nothing of its camera. */
function cameraOf(file: FileMetadata): NonNullable<PresentedMetadata['camera']> | null {
  const camera = {
    make: file.cameraMake,
    model: file.cameraModel,
    lens: file.lens,
    exposureSeconds: file.exposureSeconds,
    fNumber: file.fNumber,
    iso: file.iso,
    focalLength: file.focalLength,
    equivalentFocalLength: file.equivalentFocalLength,
    flash: file.flash,
  }
  return Object.values(camera).some((value) => value !== null) ? camera : null
}

/** The file's altitude is that of the file's place, not of one that the owner chose. */
function altitudeAt(
  { latitude, longitude }: NonNullable<PhotoCard['location']>,
  file: FileMetadata | null,
): number | null {
  const isOfFile = file?.location?.latitude === latitude && file.location.longitude === longitude
  return isOfFile ? file.altitude : null
}

function presentFile(
  { orientation, takenAt, location }: FileMetadata,
  { contentType, bytes }: PhotoCard,
): NonNullable<PresentedMetadata['file']> {
  return { contentType, bytes, orientation, takenAt: takenAt && formatTakenAt(takenAt), location }
}
