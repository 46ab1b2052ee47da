import type { PhotoRow } from '../../entities/index.ts'
import type { NewPhoto } from './new-photo.ts'

type TimeAndPlace = Pick<NewPhoto, 'takenAt' | 'location'>

/** A time is written as text, because the driver would give a Date the zone of the process. */
export type EditedColumns = Partial<
  Pick<PhotoRow, 'taken_at_offset' | 'taken_at_edited' | 'latitude' | 'longitude' | 'location_edited'> & {
    taken_at: string | null
  }
>

/** The columns that hold a time and a place which the owner sets. */
export function editedColumns({ takenAt, location }: Partial<TimeAndPlace>): EditedColumns {
  return {
    ...(takenAt === undefined
      ? {}
      : {
          taken_at: takenAt?.local ?? null,
          taken_at_offset: takenAt?.offsetMinutes ?? null,
          taken_at_edited: true,
        }),
    ...(location === undefined
      ? {}
      : {
          latitude: location?.latitude ?? null,
          longitude: location?.longitude ?? null,
          location_edited: true,
        }),
  }
}
