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

/** A read for a viewer, from a place where they find their own latest writes. */
export interface Reader<V extends Viewer = Viewer> {
  viewer: V
  /** Runs statements on the primary right after a write of the viewer, else on a replica. */
  query: Query
  /** Whether the viewer has just written, so that derived data may not include the write yet. */
  readYourWrites: boolean
}

/** A viewer's request for a page of a list. Every list of the API is read through one. */
export interface ListRead<V extends Viewer = Viewer> extends Reader<V> {
  /** How many items the page may hold, 1–100. */
  limit: number
  /**
   * The position where the previous page ended; undefined for the first page.
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
  /** Where the next page begins; null at the end of the list and only there. */
  nextCursor: string | null
}

export interface ListRequest extends Omit<CursorBinding, 'viewer'> {
  /** 1–100 */
  limit: number
  cursor?: string | undefined
}

/** The starting point of every read of the API. */
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

/** A list of which only the first items are read. */
export function beginningOf<V extends Viewer>(reader: Reader<V>, limit: number): ListRead<V> {
  return { ...reader, limit, after: () => undefined, page: (items) => ({ items, nextCursor: null }) }
}

/**
 * The page of rows that were read in order with `LIMIT limit + 1`: the extra row tells whether the list goes on.
 * @param load makes the items of the rows that the page shows; rows without an item are left out. By default the rows are the items
 */
export async function pageOfRows<Row>(
  list: ListRead,
  rows: readonly Row[],
  positionOf: (row: Row) => CursorPosition,
): Promise<Page<Row>>
export async function pageOfRows<Row, Item>(
  list: ListRead,
  rows: readonly Row[],
  positionOf: (row: Row) => CursorPosition,
  load: (rows: readonly Row[]) => Promise<Item[]> | Item[],
): Promise<Page<Item>>
export async function pageOfRows<Row>(
  list: ListRead,
  rows: readonly Row[],
  positionOf: (row: Row) => CursorPosition,
  load: (rows: readonly Row[]) => Promise<unknown[]> | unknown[] = (shown) => [...shown],
): Promise<Page<unknown>> {
  const shown = rows.slice(0, list.limit)
  const last = shown.at(-1)
  return list.page(
    await load(shown),
    rows.length > list.limit && last !== undefined ? positionOf(last) : null,
  )
}

/**
 * The page of rows that were looked for within a window of the list: the `shown` ones as in {@link pageOfRows}, and the
 * last row of a full window, not shown, behind which the list may go on. Such a page may be short, even empty.
 */
export async function pageOfWindow<Row extends { shown: boolean }, Item>(
  list: ListRead,
  rows: readonly Row[],
  positionOf: (row: Row) => CursorPosition,
  load: (rows: readonly Row[]) => Promise<Item[]> | Item[],
): Promise<Page<Item>> {
  const shown = rows.filter((row) => row.shown)
  if (shown.length > list.limit) return pageOfRows(list, shown, positionOf, load)
  const end = rows.find((row) => !row.shown)
  return list.page(await load(shown), end ? positionOf(end) : null)
}
