import type { Viewer } from '../../domain/viewer.ts'
import type { Query } from '../../infra/db/database.ts'
import {
  decodeCursor,
  encodeCursor,
  type CursorBinding,
  type CursorPosition,
  type Kind,
  type PositionOf,
} from './cursor.ts'
import type { OwnWrites } from './own-writes.ts'

/** A read made for a viewer, with where to read so that they find what they have just written. */
export interface Reader<V extends Viewer = Viewer> {
  viewer: V
  /** Runs statements on the primary for a viewer who has just written, else on a replica. */
  query: Query
  /** Whether the viewer has just written: what is derived from the rows may not know of it yet. */
  readYourWrites: boolean
}

/** One page of a list that a viewer asks for. Every list of the API is read with one. */
export interface ListRead<V extends Viewer = Viewer> extends Reader<V> {
  /** How many items the page may hold, 1–100. */
  limit: number
  /**
   * Where the page before ended, as this list wrote it; undefined for the first page.
   * @param shape the kinds of the position's parts, e.g. `['number', 'string']`
   * @throws DarkroomError bad_cursor for a cursor of another list, viewer or filter
   */
  after<const Shape extends readonly Kind[]>(shape: Shape): PositionOf<Shape> | undefined
  /** The page of these items; `last` is the position of the last row looked at, null at the end of the list. */
  page<Item>(items: Item[], last: CursorPosition | null): Page<Item>
}

/** A page of a list. It may be short, even empty, before the end. */
export interface Page<Item> {
  items: Item[]
  /** Where the next page begins; null means the end, and only then. */
  nextCursor: string | null
}

export interface ListRequest extends Omit<CursorBinding, 'viewer'> {
  /** 1–100 */
  limit: number
  cursor?: string | undefined
}

/** Where every read of the API begins. */
export interface ListReads {
  reader<V extends Viewer>(viewer: V): Promise<Reader<V>>
  list<V extends Viewer>(viewer: V, request: ListRequest): Promise<ListRead<V>>
}

export function createListReads({
  ownWrites,
  cursorSecret,
}: {
  ownWrites: OwnWrites
  cursorSecret: string
}): ListReads {
  return {
    reader: (viewer) => ownWrites.readerFor(viewer),
    list: async (viewer, request) => listRead(await ownWrites.readerFor(viewer), request, cursorSecret),
  }
}

/** Binds a request for a page to its reader, and its cursors to the viewer, the list and its filters. */
export function listRead<V extends Viewer>(
  reader: Reader<V>,
  { limit, cursor, list, filters }: ListRequest,
  cursorSecret: string,
): ListRead<V> {
  const binding: CursorBinding = { viewer: reader.viewer, list, ...(filters ? { filters } : {}) }
  return {
    ...reader,
    limit,
    after: (shape) => (cursor === undefined ? undefined : decodeCursor(cursor, binding, cursorSecret, shape)),
    page: (items, last) => ({
      items,
      nextCursor: last === null ? null : encodeCursor(last, binding, cursorSecret),
    }),
  }
}

/**
 * The page of rows that were read in order with `LIMIT limit + 1`: the extra row tells whether the list goes on.
 * @param load makes the items of the rows that the page shows; rows without an item are left out
 */
export async function pageOfRows<Row, Item>(
  list: ListRead,
  rows: readonly Row[],
  positionOf: (row: Row) => CursorPosition,
  load: (rows: readonly Row[]) => Promise<Item[]> | Item[],
): Promise<Page<Item>> {
  const shown = rows.slice(0, list.limit)
  const last = shown.at(-1)
  return list.page(
    await load(shown),
    rows.length > list.limit && last !== undefined ? positionOf(last) : null,
  )
}
