import { DarkroomError } from '../../../domain/errors.ts'
import type { OwnAccount } from '../../../services/accounts/accounts.ts'
import { etagOf, tagsOf } from '../../etags.ts'
import { signedIn } from '../../middlewares/identity.ts'
import { limit, limitAddress } from '../../middlewares/limit.ts'
import { valid } from '../../middlewares/valid.ts'
import type { Routes } from '../../routing.ts'
import { presentSignedIn } from './session-presenter.ts'
import { presentOwnUser } from './presenter.ts'
import { CreateUser, GetMe, UpdateMe } from './schema.ts'

export function accountRoutes(routes: Routes): void {
  routes.post('/users', limitAddress('signUp'), valid(CreateUser), async (ctx) => {
    const { username, password, displayName = null } = ctx.input.body
    const { accounts, accessTokens, ownWrites } = ctx.services
    const { account, session } = await accounts.register(
      { username, password, displayName },
      ctx.get('User-Agent'),
    )
    // Nobody was signed in when the request arrived; the new account will read its own profile next.
    await ownWrites.mark(account.userId)
    ctx.status = 201
    ctx.set('Cache-Control', 'no-store')
    ctx.body = presentSignedIn(account, session, await accessTokens.issue(session))
  })

  routes.get('/me', limit('read'), signedIn(), valid(GetMe), async (ctx) => {
    ctx.body = { user: presentOwnUser(await ctx.services.accounts.get(ctx.viewer.userId)) }
  })

  routes.patch('/me', limit('write'), signedIn(), valid(UpdateMe), async (ctx) => {
    const { displayName, bio, isPrivate, defaultCommentPolicy } = ctx.input.body
    const changes = { displayName, bio, isPrivate, defaultCommentPolicy }
    const account = await ctx.services.editAccount(ctx.viewer.userId, changes, (current) =>
      assertMatches(ctx.get('If-Match'), current),
    )
    ctx.body = { user: presentOwnUser(account) }
  })
}

/** Compares with a digest of the account as stored now, since an account has an ETag but not a version. */
function assertMatches(ifMatch: string, current: OwnAccount): void {
  if (ifMatch === '') return
  const tags = tagsOf(ifMatch)
  const tag = etagOf(JSON.stringify({ user: presentOwnUser(current) })).slice('W/"'.length, -1)
  if (tags !== '*' && !tags.includes(tag)) {
    throw new DarkroomError('precondition_failed', 'The account has changed since then; fetch it again.')
  }
}
