import type { PhotoId } from '../../domain/ids.ts'

/** Where the pre-signed PUT goes; nothing is ever served from here. */
export const incomingKey = (photoId: PhotoId): string => `incoming/${photoId}`
/** The validated original. */
export const originalKey = (photoId: PhotoId): string => `originals/${photoId}`
/** Everything that edges may read of a photo. */
export const variantsPrefix = (photoId: PhotoId): string => `variants/${photoId}/`

/** The access epoch that is part of a variant's key; undefined for other keys. */
export function epochOfKey(key: string): number | undefined {
  const epoch = /^variants\/[^/]+\/(\d+)\//.exec(key)?.[1]
  return epoch === undefined ? undefined : Number(epoch)
}
