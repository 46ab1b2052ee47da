import type { PhotoId } from '../../domain/ids.ts'
import type { PhotoStatus } from '../../domain/visibility.ts'
import type { Query } from '../../infra/db/database.ts'
import type { CardVariant } from './photo-cards.ts'

interface HeldPhoto {
  status: PhotoStatus
  accessEpoch: number
}

/**
 * Holds a photo against changes until the transaction ends, so that a narrowing or deletion comes before all that the
 * transaction does or after it.
 * @returns undefined if there is no such photo
 */
export async function holdPhoto(query: Query, photoId: PhotoId): Promise<HeldPhoto | undefined> {
  const [row] = await query<{ status: PhotoStatus; access_epoch: number }>({
    text: 'SELECT status, access_epoch FROM photos WHERE photo_id = $1 FOR SHARE',
    values: [photoId],
  })
  return row && { status: row.status, accessEpoch: row.access_epoch }
}

/**
 * Records where a variant is stored; a later one of the same name and format takes its place.
 * @param stored.recipe what it was made with; an original has none
 */
export async function recordVariant(
  query: Query,
  photoId: PhotoId,
  stored: CardVariant & { recipe?: string },
): Promise<void> {
  const { variant, format, objectKey, width, height, bytes, recipe } = stored
  await query({
    text: `
      INSERT INTO photo_variants (photo_id, variant, format, object_key, width, height, bytes, recipe)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
      ON CONFLICT (photo_id, variant, format) DO UPDATE SET object_key = excluded.object_key,
        width = excluded.width, height = excluded.height, bytes = excluded.bytes,
        recipe = excluded.recipe`,
    values: [photoId, variant, format, objectKey, width, height, bytes, recipe ?? null],
  })
}
