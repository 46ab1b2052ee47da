import { signedIn } from '../../middlewares/identity.ts'
import { limit } from '../../middlewares/limit.ts'
import { listed, presentPage } from '../../middlewares/listed.ts'
import { valid } from '../../middlewares/valid.ts'
import type { Routes } from '../../routing.ts'
import type { PresentPhoto } from '../photos/presenter.ts'
import { GetFeed } from './schema.ts'

export function feedRoutes(routes: Routes, present: PresentPhoto): void {
  routes.get('/feed', limit('read'), signedIn(), valid(GetFeed), listed(), async (ctx) => {
    const page = await ctx.services.feed.readFeed(ctx.list)
    ctx.body = presentPage(page, (card) => present(card, ctx.viewer))
  })
}
