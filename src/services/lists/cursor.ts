import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual } from 'node:crypto'
import { DarkroomError } from '../../domain/errors.ts'
import { viewerKey, type Viewer } from '../../domain/viewer.ts'

/** The position in a list: the sort key of the last row scanned, such as `[score, photoId]`. */
export type CursorPosition = readonly (string | number)[]

/** What a cursor is bound to; it is refused for another viewer, list or filter. */
export interface CursorBinding {
  viewer: Viewer
  /** The list's name with all that identifies it: `feed`, `photos/<ownerId>`, `search/photos`. */
  list: string
  /** Everything else that selects or orders the rows; absent and undefined are the same. Not the page size. */
  filters?: Readonly<Record<string, string | number | boolean | null | undefined>>
}

export type Kind = 'string' | 'number'
export type PositionOf<Shape extends readonly Kind[]> = {
  [Index in keyof Shape]: Shape[Index] extends 'number' ? number : string
}

/** The first byte of a cursor; any other byte means a format that this version does not know. */
const FORMAT_VERSION = 2
/** 128 bits: forging one takes 2^127 requests on average. Also the size of the cipher's IV. */
const MAC_BYTES = 16
/** Far more than a position needs; longer input is refused before any work. */
export const MAX_CURSOR_CHARACTERS = 512

/**
 * Turns a position into the opaque `nextCursor` of a page: base64url of version, MAC and the position as JSON, encrypted
 * with the MAC as its IV (as RFC 5297 does it). The last row scanned may be one that the viewer may not see, so nobody
 * else can read its id and time; the same position gives the same cursor, on which ETags of pages rely.
 *
 * @throws RangeError if the position is too large for a cursor
 */
export function encodeCursor(position: CursorPosition, binding: CursorBinding, secret: string): string {
  const payload = JSON.stringify(position)
  const mac = macOf(payload, binding, secret)
  const cipher = createCipheriv(CIPHER, cipherKeyOf(secret), mac)
  const cursor = Buffer.concat([
    Buffer.of(FORMAT_VERSION),
    mac,
    cipher.update(payload),
    cipher.final(),
  ]).toString('base64url')
  if (cursor.length > MAX_CURSOR_CHARACTERS) throw new RangeError('A cursor holds a few sort keys, no more')
  return cursor
}

/**
 * The position of a cursor that {@link encodeCursor} made for the same viewer, list and filters.
 *
 * @param shape the kinds of the position's parts, e.g. `['number', 'string'] as const`
 * @throws DarkroomError `bad_cursor` for anything else: cut, changed, of another list, user, filter, shape or secret
 */
export function decodeCursor<const Shape extends readonly Kind[]>(
  cursor: string,
  binding: CursorBinding,
  secret: string,
  shape: Shape,
): PositionOf<Shape> {
  if (cursor.length > MAX_CURSOR_CHARACTERS) throw badCursor()
  const bytes = Buffer.from(cursor, 'base64url')
  // Buffer.from skips characters outside base64url, so accept only the exact spelling that we wrote.
  if (bytes.toString('base64url') !== cursor) throw badCursor()
  if (bytes.length <= 1 + MAC_BYTES || bytes[0] !== FORMAT_VERSION) throw badCursor()
  const mac = bytes.subarray(1, 1 + MAC_BYTES)
  const decipher = createDecipheriv(CIPHER, cipherKeyOf(secret), mac)
  const payload = Buffer.concat([decipher.update(bytes.subarray(1 + MAC_BYTES)), decipher.final()]).toString()
  if (!timingSafeEqual(mac, macOf(payload, binding, secret))) throw badCursor()
  // The MAC proves that we wrote it, so it parses; its shape may be an older release's.
  const position = JSON.parse(payload) as unknown[]
  if (position.length !== shape.length || !position.every((part, index) => typeof part === shape[index])) {
    throw badCursor()
  }
  return position as PositionOf<Shape>
}

function macOf(payload: string, binding: CursorBinding, secret: string): Buffer {
  const filters = Object.entries(binding.filters ?? {})
    .filter(([, value]) => value !== undefined)
    .sort(([left], [right]) => (left < right ? -1 : 1))
  // One JSON array, so that no two bindings can be written to the same text.
  // As format 2 has always written it, so that cursors of earlier releases stay good.
  const viewer = binding.viewer.kind === 'anonymous' ? null : viewerKey(binding.viewer)
  const bound = JSON.stringify(['cursor', FORMAT_VERSION, viewer, binding.list, filters, payload])
  return createHmac('sha256', secret).update(bound).digest().subarray(0, MAC_BYTES)
}

const CIPHER = 'aes-256-ctr'

/** A separate key, so that no MAC is ever a key. */
function cipherKeyOf(secret: string): Buffer {
  return createHmac('sha256', secret).update('cursor encryption').digest()
}

function badCursor(): DarkroomError {
  return new DarkroomError('bad_cursor', 'This list did not return this cursor to you.')
}
