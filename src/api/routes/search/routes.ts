import { maybeSignedIn } from '../../middlewares/identity.ts'
import { limit } from '../../middlewares/limit.ts'
import { listed, presentPage } from '../../middlewares/listed.ts'
import { valid } from '../../middlewares/valid.ts'
import type { Routes } from '../../routing.ts'
import type { PresentPhoto } from '../photos/presenter.ts'
import { ListTagPhotos, SearchPhotos } from './schema.ts'

export function searchRoutes(routes: Routes, present: PresentPhoto): void {
  routes.get(
    '/search/photos',
    limit('search'),
    maybeSignedIn(),
    valid(SearchPhotos),
    listed(),
    async (ctx) => {
      const page = await ctx.services.search.searchPhotos(ctx.list, ctx.input.query)
      const { total, facets, didYouMean } = page
      ctx.body = {
        ...presentPage(page, (photo) => ({
          ...present(photo, ctx.viewer),
          highlights: photo.highlights,
        })),
        total,
        ...(facets && { facets }),
        didYouMean,
      }
    },
  )

  routes.get(
    '/tags/:tag/photos',
    limit('search'),
    maybeSignedIn(),
    valid(ListTagPhotos),
    listed(),
    async (ctx) => {
      const page = await ctx.services.search.photosOfTag(ctx.list, ctx.input.params.tag)
      ctx.body = presentPage(page, (card) => present(card, ctx.viewer))
    },
  )
}
