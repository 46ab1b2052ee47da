import { maybeSignedIn } from '../../middlewares/identity.ts'
import { limit } from '../../middlewares/limit.ts'
import { listed, presentPage } from '../../middlewares/listed.ts'
import { valid } from '../../middlewares/valid.ts'
import type { Routes } from '../../routing.ts'
import { presentUser } from '../accounts/presenter.ts'
import { SearchUsers } from './schema.ts'

export function discoveryRoutes(routes: Routes): void {
  routes.get('/search/users', limit('search'), maybeSignedIn(), valid(SearchUsers), listed(), async (ctx) => {
    const page = await ctx.services.discovery.accounts(ctx.list, ctx.input.query.q)
    ctx.body = presentPage(page, presentUser)
  })
}
