/** A page of a list: what it holds, and where the next begins; null at the end, and only then. */
export interface ListPage<Item, Position> {
  items: Item[]
  next: Position | null
}

export interface PageRequest<Position> {
  /** Undefined for the first page. */
  after: Position | undefined
  limit: number
}
