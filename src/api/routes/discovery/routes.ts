import { maybeSignedIn } from '../../middlewares/identity.ts'
import { limit } from '../../middlewares/limit.ts'
import { listed, presentPage } from '../../middlewares/listed.ts'
import { valid } from '../../middlewares/valid.ts'
import type { Routes } from '../../routing.ts'
import { presentUser } from '../accounts/presenter.ts'
import type { PresentPhoto } from '../photos/presenter.ts'
import { Explore, ListTrendingTags, SearchUsers } from './schema.ts'

export function discoveryRoutes(routes: Routes, present: PresentPhoto): void {
  routes.get('/search/users', limit('search'), maybeSignedIn(), valid(SearchUsers), listed(), async (ctx) => {
    const page = await ctx.services.discovery.accounts(ctx.list, ctx.input.query.q)
    ctx.body = presentPage(page, presentUser)
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
}
