import { DarkroomError } from '../../../domain/errors.ts'
import type { OwnAccount } from '../../../services/accounts/accounts.ts'
import { digestOf, tagsOf } from '../../etags.ts'
import { signedIn } from '../../middlewares/identity.ts'
import { limit, limitAddress } from '../../middlewares/limit.ts'
import { deviceOf } from '../../middlewares/sign-in-throttle.ts'
import { valid } from '../../middlewares/valid.ts'
import type { Routes } from '../../routing.ts'
import { presentSignedIn } from './session-presenter.ts'
import { CreateUser, GetMe, UpdateMe } from './schema.ts'

export function accountRoutes(routes: Routes): void {
  routes.post('/users', limitAddress('signUp'), valid(CreateUser), async (ctx) => {
    const { username, password, displayName = null, deviceName } = ctx.input.body
    const { accounts, accessTokens, ownWrites } = ctx.services
    const { account, session } = await accounts.register(
      { username, password, displayName },
      deviceOf(ctx, { name: deviceName }),
    )
    // Nobody was signed in when the request arrived; the new account will read its own profile next.
    await ownWrites.mark(account.userId)
    ctx.status = 201
    ctx.set('Cache-Control', 'no-store')
    ctx.body = presentSignedIn(account, session, await accessTokens.issue(session), ctx.people)
  })

  routes.get('/me', limit('read'), signedIn(), valid(GetMe), async (ctx) => {
    const { userId } = ctx.viewer
    const [account, quota, twoFactor] = await Promise.all([
      ctx.services.accounts.get(userId),
      ctx.services.quotas.of(userId),
      ctx.services.secondFactorsOf(userId),
    ])
    ctx.state.version = versionOf(account)
    ctx.body = { user: ctx.people.ownUser(account), quota, role: account.role, twoFactor }
  })

  routes.patch('/me', limit('write'), signedIn(), valid(UpdateMe), async (ctx) => {
    const { displayName, bio, isPrivate, defaultCommentPolicy, readTextInPhotos } = ctx.input.body
    const changes = { displayName, bio, isPrivate, defaultCommentPolicy, readTextInPhotos }
    const account = await ctx.services.editAccount(ctx.viewer.userId, changes, (current) =>
      assertMatches(ctx.get('If-Match'), current),
    )
    ctx.state.version = versionOf(account)
    ctx.body = { user: ctx.people.ownUser(account) }
  })
}

/** An account has no number for its version. What it has stored does not count, so that an upload does not make an edit fail. */
function versionOf({ username, displayName, bio, isPrivate, avatar, ...own }: OwnAccount): string {
  const { defaultCommentPolicy, readTextInPhotos, suspension } = own
  const shown = [username, displayName, bio, isPrivate, avatar]
  return digestOf(JSON.stringify([...shown, defaultCommentPolicy, readTextInPhotos, suspension]))
}

/** Compares with the account as stored now. */
function assertMatches(ifMatch: string, current: OwnAccount): void {
  if (ifMatch === '') return
  const tags = tagsOf(ifMatch)
  if (tags !== '*' && !tags.some((tag) => tag.split('.')[0] === versionOf(current))) {
    throw new DarkroomError('precondition_failed', 'The account has changed since then; fetch it again.')
  }
}
