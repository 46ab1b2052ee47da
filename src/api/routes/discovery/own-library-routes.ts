import { invalidField } from '../../../domain/errors.ts'
import { signedIn } from '../../middlewares/identity.ts'
import { limit } from '../../middlewares/limit.ts'
import { listed, presentPage, reading } from '../../middlewares/listed.ts'
import { valid } from '../../middlewares/valid.ts'
import type { Routes } from '../../routing.ts'
import type { PresentPhoto } from '../photos/presenter.ts'
import { FindByContent, GetMap, GetTimeline, ListMemories } from './own-library-schema.ts'

export function ownLibraryRoutes(routes: Routes, present: PresentPhoto): void {
  routes.get('/me/timeline', limit('read'), signedIn(), valid(GetTimeline), listed(), async (ctx) => {
    ctx.body = presentPage(await ctx.services.ownLibrary.timeline(ctx.list), (month) => month)
  })

  routes.get('/me/map', limit('read'), signedIn(), valid(GetMap), reading(), async (ctx) => {
    ctx.body = { items: await ctx.services.ownLibrary.map(ctx.reader, ctx.input.query) }
  })

  routes.get(
    '/me/photos/by-content',
    limit('search'),
    signedIn(),
    valid(FindByContent),
    reading(),
    async (ctx) => {
      const { contentSearch } = ctx.services
      const { q: text, limit: most } = ctx.input.query
      if (!contentSearch) throw invalidField('query.q', 'This service cannot tell what photos show.')
      const found = await contentSearch(ctx.reader, { text, limit: most })
      ctx.body = {
        items: found.map((photo) => ({ ...present(photo, ctx.viewer), nearness: photo.nearness })),
      }
    },
  )

  routes.get('/me/memories', limit('read'), signedIn(), valid(ListMemories), listed(), async (ctx) => {
    const page = await ctx.services.ownLibrary.memories(ctx.list, ctx.input.query.date)
    ctx.body = presentPage(page, ({ photos, ...memory }) => ({
      ...memory,
      photos: photos.map((card) => present(card, ctx.viewer)),
    }))
  })
}
