import type { PhotoId } from '../../domain/ids.ts'

/** The prefix of all originals; edges may not read it. */
export const ORIGINALS = 'originals/'

/** The key under which a photo's original is copied out of clients' reach. A blob that it becomes keeps it. */
export const originalKey = (photoId: PhotoId): string => `${ORIGINALS}${photoId}`
