import type { PhotoId } from '../../domain/ids.ts'

/** The 16 bytes of a photo id: the member of a feed head. */
export function photoIdToBytes(photoId: PhotoId): Buffer {
  return Buffer.from(photoId.replaceAll('-', ''), 'hex')
}

/** The photo id of 16 bytes read from a feed head. */
export function photoIdFromBytes(bytes: Uint8Array): PhotoId {
  const hex = Buffer.from(bytes).toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
