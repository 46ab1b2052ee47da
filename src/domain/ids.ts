/**
 * Identifiers. A user id is a Postgres BIGINT carried as a decimal string; a photo id is a UUID v7 in lower case, which
 * compares the same as text, as 16 bytes in Redis and as `uuid` in Postgres.
 */
export type UserId = string
export type PhotoId = string

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

/** Whether `value` is a UUID as Darkroom writes them (lower case, with hyphens). */
export function isUuid(value: string): boolean {
  return UUID.test(value)
}

/** The 16 bytes of a photo id: the member of a feed head. */
export function photoIdToBytes(photoId: PhotoId): Buffer {
  return Buffer.from(photoId.replaceAll('-', ''), 'hex')
}

/** The photo id of 16 bytes read from a feed head. */
export function photoIdFromBytes(bytes: Uint8Array): PhotoId {
  const hex = Buffer.from(bytes).toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
