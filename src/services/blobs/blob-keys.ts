import type { PhotoId } from '../../domain/ids.ts'

/** The prefix of all originals; edges may not read it. */
export const ORIGINALS = 'originals/'

/** The prefix of copies of cold originals in the hot storage; edges may not read it. */
export const RESTORED = 'restored/'

/** The key of a blob in the cold storage, and of a copy that a restore makes of it. Neither is ever used for anything else. */
export const coldKey = (blobId: string): string => `cold/${blobId}`
export const restoredKey = (blobId: string, restoreId: string): string => `${RESTORED}${blobId}/${restoreId}`

/** The key under which a photo's original is copied out of clients' reach. A blob that it becomes keeps it. */
export const originalKey = (photoId: PhotoId): string => `${ORIGINALS}${photoId}`
