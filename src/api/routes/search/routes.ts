import { maybeSignedIn } from '../../middlewares/identity.ts'
import { limit } from '../../middlewares/limit.ts'
import { valid } from '../../middlewares/valid.ts'
import type { Routes } from '../../routing.ts'
import type { PresentPhoto } from '../photos/presenter.ts'
import { ListTagPhotos, SearchPhotos } from './schema.ts'

export function searchRoutes(routes: Routes, present: PresentPhoto): void {
  routes.get('/search/photos', limit('search'), maybeSignedIn(), valid(SearchPhotos), async (ctx) => {
    const { search, ownWrites } = ctx.services
    const query = await ownWrites.readerFor(ctx.viewer)
    const page = await search.searchPhotos(ctx.viewer, { ...ctx.input.query, query })
    ctx.body = {
      items: page.items.map((card) => present(card, ctx.viewer)),
      nextCursor: page.nextCursor,
      total: page.total,
    }
  })

  routes.get('/tags/:tag/photos', limit('search'), maybeSignedIn(), valid(ListTagPhotos), async (ctx) => {
    const { search, ownWrites } = ctx.services
    const query = await ownWrites.readerFor(ctx.viewer)
    const page = await search.photosOfTag(ctx.viewer, {
      ...ctx.input.query,
      tag: ctx.input.params.tag,
      query,
    })
    ctx.body = { items: page.items.map((card) => present(card, ctx.viewer)), nextCursor: page.nextCursor }
  })
}
