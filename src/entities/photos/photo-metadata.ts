import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import { MAX_CHARACTERS } from '../../domain/limits.ts'
import type { Row } from '../row.ts'

/**
 * What the uploaded file says about how a photo was taken; never changed afterwards. What the photo shows as its time, place and
 * camera stands in `photos`, where its owner may edit it.
 */
export const PhotoMetadata = defineEntity({
  name: 'PhotoMetadata',
  tableName: 'photo_metadata',
  properties: {
    photoId: p.uuid().primary(),
    /** EXIF's, 1 to 8. */
    orientation: p.smallint(),
    /** A local time without a zone: read it with to_char, as that of `photos`. */
    takenAt: p.datetime(0).columnType('timestamp(0)').nullable(),
    /** Minutes east of UTC. */
    takenAtOffset: p.smallint().nullable(),
    latitude: p.double().$type<number>().nullable(),
    longitude: p.double().$type<number>().nullable(),
    /** Metres above sea level. */
    altitude: p.double().$type<number>().nullable(),
    cameraMake: p.string().length(MAX_CHARACTERS.cameraPart).nullable(),
    cameraModel: p.string().length(MAX_CHARACTERS.cameraPart).nullable(),
    lens: p.string().length(MAX_CHARACTERS.lens).nullable(),
    exposureSeconds: p.double().$type<number>().nullable(),
    fNumber: p.double().$type<number>().nullable(),
    iso: p.integer().nullable(),
    /** In millimetres. */
    focalLength: p.double().$type<number>().nullable(),
    /** The focal length that gives the same view on film of 35 mm. */
    equivalentFocalLength: p.integer().nullable(),
    /** Whether the flash fired. */
    flash: p.boolean().nullable(),
  },
})
export type PhotoMetadata = InferEntity<typeof PhotoMetadata>
export type PhotoMetadataRow = Row<typeof PhotoMetadata>
