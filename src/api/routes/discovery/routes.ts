import { maybeSignedIn } from '../../middlewares/identity.ts'
import { limit } from '../../middlewares/limit.ts'
import { listed, presentPage, reading } from '../../middlewares/listed.ts'
import { valid } from '../../middlewares/valid.ts'
import type { Routes } from '../../routing.ts'
import type { PresentPhoto } from '../photos/presenter.ts'
import { Explore, ListSimilar, ListTrendingTags, SearchUsers, SuggestSearches } from './schema.ts'

export function discoveryRoutes(routes: Routes, present: PresentPhoto): void {
  routes.get('/search/users', limit('search'), maybeSignedIn(), valid(SearchUsers), listed(), async (ctx) => {
    const page = await ctx.services.discovery.accounts(ctx.list, ctx.input.query.q)
    ctx.body = presentPage(page, ctx.people.user)
  })

  routes.get(
    '/tags/trending',
    limit('search'),
    maybeSignedIn(),
    valid(ListTrendingTags),
    listed(),
    async (ctx) => {
      ctx.body = presentPage(await ctx.services.discovery.trending(ctx.list), (tag) => tag)
    },
  )

  routes.get('/explore', limit('search'), maybeSignedIn(), valid(Explore), listed(), async (ctx) => {
    const page = await ctx.services.discovery.explore(ctx.list)
    ctx.body = presentPage(page, (card) => present(card, ctx.viewer))
  })

  routes.get(
    '/photos/:photoId/similar',
    limit('search'),
    maybeSignedIn(),
    valid(ListSimilar),
    listed(),
    async (ctx) => {
      const { params, query } = ctx.input
      const page = await ctx.services.discovery.similar(ctx.list, params.photoId, query.among)
      ctx.body = presentPage(page, (photo) => ({ ...present(photo, ctx.viewer), distance: photo.distance }))
    },
  )

  routes.get(
    '/search/suggest',
    limit('search'),
    maybeSignedIn(),
    valid(SuggestSearches),
    reading(),
    async (ctx) => {
      const { tags, users, places } = await ctx.services.discovery.suggest(ctx.reader, ctx.input.query.q)
      ctx.body = {
        tags: tags.map((tag) => ({ tag })),
        users: users.map(ctx.people.user),
        places: places.map((place) => ({ place })),
      }
    },
  )
}
