import type { Viewer } from '../../domain/viewer.ts'
import type { ListRead, Page, Reader } from '../../services/lists/list-read.ts'
import { step, type Step } from '../context.ts'

interface ListInput {
  params: unknown
  query: { limit: number; cursor?: string | undefined }
}

/** Adds `ctx.reader`: where to read so that viewers see their own latest writes. */
export function reading<V extends Viewer>(): Step<{ viewer: V }, { reader: Reader<V> }> {
  return step<{ viewer: V }, { reader: Reader<V> }>({}, async (ctx, next) => {
    ctx.reader = await ctx.services.lists.reader(ctx.viewer)
    await next()
  })
}

/**
 * Adds `ctx.list`, the requested page. Its cursors are bound to the viewer, the path and all other
 * query parameters, so that a route cannot forget any.
 */
export function listed<V extends Viewer>(): Step<{ viewer: V; input: ListInput }, { list: ListRead<V> }> {
  return step<{ viewer: V; input: ListInput }, { list: ListRead<V> }>({ list: true }, async (ctx, next) => {
    const { limit, cursor } = ctx.input.query
    ctx.list = await ctx.services.lists.list(ctx.viewer, { limit, cursor, ...bindingOf(ctx) })
    await next()
  })
}

/** Usernames are compared regardless of case, so a cursor also fits another spelling of the path. */
function bindingOf({ path, query }: { path: string; query: object }) {
  const filters = Object.fromEntries(
    Object.entries(query).filter(([name]) => name !== 'limit' && name !== 'cursor'),
  )
  return { list: path.toLowerCase(), filters }
}

/** The answer of a list. */
export function presentPage<Item, Shown>({ items, nextCursor }: Page<Item>, present: (item: Item) => Shown) {
  return { items: items.map(present), nextCursor }
}
