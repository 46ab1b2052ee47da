import { maybeSignedIn } from '../../middlewares/identity.ts'
import { limit } from '../../middlewares/limit.ts'
import { listed, presentPage, reading } from '../../middlewares/listed.ts'
import { valid } from '../../middlewares/valid.ts'
import type { Routes } from '../../routing.ts'
import { presentProfile } from './profile-presenter.ts'
import { GetProfile, ListFollowers, ListFollowing } from './profile-schema.ts'

export function profileRoutes(routes: Routes): void {
  routes.get(
    '/users/:username',
    limit('read'),
    maybeSignedIn(),
    valid(GetProfile),
    reading(),
    async (ctx) => {
      const profile = await ctx.services.profiles.get(ctx.reader, ctx.input.params.username)
      ctx.body = { user: presentProfile(profile, ctx.people) }
    },
  )

  routes.get(
    '/users/:username/followers',
    limit('read'),
    maybeSignedIn(),
    valid(ListFollowers),
    listed(),
    async (ctx) => {
      const page = await ctx.services.profiles.followers(ctx.list, ctx.input.params.username)
      ctx.body = presentPage(page, ctx.people.user)
    },
  )

  routes.get(
    '/users/:username/following',
    limit('read'),
    maybeSignedIn(),
    valid(ListFollowing),
    listed(),
    async (ctx) => {
      const page = await ctx.services.profiles.following(ctx.list, ctx.input.params.username)
      ctx.body = presentPage(page, ctx.people.user)
    },
  )
}
