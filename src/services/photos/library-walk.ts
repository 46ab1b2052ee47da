import type { PhotoId } from '../../domain/ids.ts'
import type { Query } from '../../infra/db/database.ts'

/** How a stretch of a walk through all photos, in the order of their ids, is bounded and reports. */
export interface SliceOptions<Reached> {
  /** No photo is begun after this time. */
  maxMs: number
  /** Hears of each photo that something was done to, and now and then while nothing is: where a retry may continue. */
  onReached: (reached: Reached) => void
  signal: AbortSignal
}

/** Before all photos. */
export const FIRST_ID: PhotoId = '00000000-0000-0000-0000-000000000000'

/** Plan: index-only scan of photos_pkey. */
export async function countPhotos(query: Query): Promise<number> {
  const [row] = await query<{ photos: string }>({ text: 'SELECT count(*) AS photos FROM photos', values: [] })
  return Number(row!.photos)
}
