import { signedIn } from '../../middlewares/identity.ts'
import { limit } from '../../middlewares/limit.ts'
import { valid } from '../../middlewares/valid.ts'
import type { Routes } from '../../routing.ts'
import type { PresentPhoto } from '../photos/presenter.ts'
import { GetFeed } from './schema.ts'

export function feedRoutes(routes: Routes, present: PresentPhoto): void {
  routes.get('/feed', limit('read'), signedIn(), valid(GetFeed), async (ctx) => {
    const { feed, ownWrites } = ctx.services
    const { limit, cursor } = ctx.input.query
    const readYourWrites = await ownWrites.hasWritten(ctx.viewer.userId)
    const page = await feed.readFeed(ctx.viewer, { limit, cursor, readYourWrites })
    ctx.body = { items: page.cards.map((card) => present(card, ctx.viewer)), nextCursor: page.nextCursor }
  })
}
