/**
 * Identifiers. A user id is a Postgres BIGINT carried as a decimal string; the others are UUID v7 in lower case, which
 * compare the same as text, as 16 bytes in Redis and as `uuid` in Postgres.
 */
export type UserId = string
export type PhotoId = string
export type CommentId = string
export type AlbumId = string

/** A UUID as Darkroom writes them, as a part of a regular expression. */
export const UUID_PATTERN = '[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}'
const UUID = new RegExp(`^${UUID_PATTERN}$`)

/** Whether `value` is a UUID as Darkroom writes them (lower case, with hyphens). */
export function isUuid(value: string): boolean {
  return UUID.test(value)
}
