import {
  decodeCursor,
  encodeCursor,
  type CursorBinding,
  type CursorPosition,
} from '../services/lists/cursor.ts'
import type { Viewer } from '../domain/viewer.ts'

type Kind = 'string' | 'number'
type PositionOf<Shape extends readonly Kind[]> = {
  [Index in keyof Shape]: Shape[Index] extends 'number' ? number : string
}

/** Cursors of one kind of list, bound to who reads and which list it is. */
export interface Cursors<Shape extends readonly Kind[]> {
  /** @throws DarkroomError bad_cursor */
  read(cursor: string | undefined, viewer: Viewer, list: string): PositionOf<Shape> | undefined
  write(position: CursorPosition | null, viewer: Viewer, list: string): string | null
}

export function createCursors<const Shape extends readonly Kind[]>(
  secret: string,
  shape: Shape,
): Cursors<Shape> {
  const bindingOf = (viewer: Viewer, list: string): CursorBinding => ({ viewer, list })
  return {
    read: (cursor, viewer, list) =>
      cursor === undefined ? undefined : decodeCursor(cursor, bindingOf(viewer, list), secret, shape),
    write: (position, viewer, list) =>
      position === null ? null : encodeCursor(position, bindingOf(viewer, list), secret),
  }
}
