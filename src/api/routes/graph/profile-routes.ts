import { createCursors } from '../../cursors.ts'
import { maybeSignedIn } from '../../middlewares/identity.ts'
import { limit } from '../../middlewares/limit.ts'
import { valid } from '../../middlewares/valid.ts'
import type { Routes } from '../../routing.ts'
import { presentUser } from '../accounts/presenter.ts'
import type { PresentPhoto } from '../photos/presenter.ts'
import { presentProfile } from './profile-presenter.ts'
import { GetProfile, ListFollowers, ListFollowing, ListUserPhotos } from './profile-schema.ts'

export interface ProfileRoutesOptions {
  present: PresentPhoto
  cursorSecret: string
}

export function profileRoutes(routes: Routes, { present, cursorSecret }: ProfileRoutesOptions): void {
  const photoCursors = createCursors(cursorSecret, ['number', 'string'])
  const edgeCursors = createCursors(cursorSecret, ['string', 'string'])

  routes.get('/users/:username', limit('read'), maybeSignedIn(), valid(GetProfile), async (ctx) => {
    const query = await ctx.services.ownWrites.readerFor(ctx.viewer)
    ctx.body = {
      user: presentProfile(await ctx.services.profiles.get(query, ctx.viewer, ctx.input.params.username)),
    }
  })

  routes.get(
    '/users/:username/photos',
    limit('read'),
    maybeSignedIn(),
    valid(ListUserPhotos),
    async (ctx) => {
      const { photos, profiles, ownWrites } = ctx.services
      const query = await ownWrites.readerFor(ctx.viewer)
      const ownerId = await profiles.ownerOfLists(query, ctx.viewer, ctx.input.params.username)
      const list = `users/${ownerId}/photos`
      const { limit, cursor } = ctx.input.query
      const after = photoCursors.read(cursor, ctx.viewer, list)
      const page = await photos.listOf(query, ctx.viewer, ownerId, { after, limit })
      ctx.body = {
        items: page.items.map((card) => present(card, ctx.viewer)),
        nextCursor: photoCursors.write(page.next, ctx.viewer, list),
      }
    },
  )

  for (const [side, operation] of [
    ['followers', ListFollowers],
    ['following', ListFollowing],
  ] as const) {
    routes.get(`/users/:username/${side}`, limit('read'), maybeSignedIn(), valid(operation), async (ctx) => {
      const { profiles, ownWrites } = ctx.services
      const query = await ownWrites.readerFor(ctx.viewer)
      const userId = await profiles.ownerOfLists(query, ctx.viewer, ctx.input.params.username)
      const list = `users/${userId}/${side}`
      const { limit, cursor } = ctx.input.query
      const after = edgeCursors.read(cursor, ctx.viewer, list)
      const page = await profiles[side](query, ctx.viewer, userId, { after, limit })
      ctx.body = {
        items: page.items.map(presentUser),
        nextCursor: edgeCursors.write(page.next, ctx.viewer, list),
      }
    })
  }
}
