import { DarkroomError } from '../../../domain/errors.ts'
import { EXTERNAL_SIGN_IN_SECONDS } from '../../../services/accounts/external-states.ts'
import type { SignedIn } from '../../context.ts'
import type { Services } from '../../../services/services.ts'
import { browserBinding } from '../../middlewares/browser-binding.ts'
import { maybeSignedIn, signedIn } from '../../middlewares/identity.ts'
import { limit, limitAddress } from '../../middlewares/limit.ts'
import { listed, presentPage } from '../../middlewares/listed.ts'
import { assertPresentOrJustSignedIn } from '../../middlewares/presence.ts'
import { deviceOf } from '../../middlewares/sign-in-throttle.ts'
import { valid } from '../../middlewares/valid.ts'
import type { Routes } from '../../routing.ts'
import { beginSession } from './begin-session.ts'
import {
  BeginExternalSignIn,
  DeleteIdentity,
  FinishExternalSignIn,
  ListIdentities,
  SignUpExternally,
} from './external-sign-in-schema.ts'
import { presentIdentity, presentSignedIn } from './session-presenter.ts'

/** Ways in through providers of OpenID Connect. */
export function externalSignInRoutes(routes: Routes, publicUrl: string): void {
  const binding = browserBinding(publicUrl)

  routes.get(
    '/auth/:provider',
    limitAddress('signInStep'),
    maybeSignedIn(),
    valid(BeginExternalSignIn),
    async (ctx) => {
      const { viewer, services, input } = ctx
      const linkTo = viewer.kind === 'user' ? viewer : null
      if (linkTo) await assertMayLink(services, linkTo)
      const device = deviceOf(ctx, { name: input.query.deviceName })
      const begun = await services.externalSignIns.begin(input.params.provider, device, linkTo)
      binding.set(ctx, begun.binding)
      ctx.set('Cache-Control', 'no-store')
      ctx.body = { url: begun.url, expiresIn: EXTERNAL_SIGN_IN_SECONDS }
    },
  )

  routes.get(
    '/auth/:provider/callback',
    limitAddress('signInStep'),
    valid(FinishExternalSignIn),
    async (ctx) => {
      const { accounts, externalSignIns, twoFactorSignIn, ownWrites } = ctx.services
      const { params, query } = ctx.input
      const from = { binding: binding.get(ctx), device: deviceOf(ctx) }
      ctx.set('Cache-Control', 'no-store')
      const outcome = await externalSignIns.finish(params.provider, from, query)
      if ('linked' in outcome) {
        await ownWrites.mark(outcome.userId)
        ctx.body = { identity: presentIdentity(outcome.linked, externalSignIns.nameOf) }
        return
      }
      const account = await accounts.forSignIn(outcome.signsIn)
      await twoFactorSignIn.assertNotRequired(account.userId, outcome.device)
      await beginSession(ctx, account, outcome.device, 'provider')
    },
  )

  routes.post('/auth/:provider/sign-up', limitAddress('signUp'), valid(SignUpExternally), async (ctx) => {
    const { ticket, username, displayName = null, deviceName: name } = ctx.input.body
    const { externalSignIns, accessTokens, ownWrites } = ctx.services
    const { account, session } = await externalSignIns.signUp(
      ctx.input.params.provider,
      ticket,
      { username, displayName },
      deviceOf(ctx, { name }),
    )
    // Nobody was signed in when the request arrived; the new account will read its own profile next.
    await ownWrites.mark(account.userId)
    ctx.status = 201
    ctx.set('Cache-Control', 'no-store')
    ctx.body = presentSignedIn(account, session, await accessTokens.issue(session), ctx.people)
  })

  routes.get('/me/identities', limit('read'), signedIn(), valid(ListIdentities), listed(), async (ctx) => {
    const { externalIdentities, externalSignIns } = ctx.services
    const page = await externalIdentities.list(ctx.list)
    ctx.body = presentPage(page, (identity) => presentIdentity(identity, externalSignIns.nameOf))
  })

  routes.delete(
    '/me/identities/:identityId',
    limit('write'),
    signedIn(),
    valid(DeleteIdentity),
    async (ctx) => {
      await assertPresentOrJustSignedIn(ctx, ctx.input.body)
      const { viewer, input, services } = ctx
      await services.externalIdentities.unlink(viewer.userId, input.params.identityId, deviceOf(ctx))
      ctx.status = 204
    },
  )
}

/** A GET brings no proof: whoever has an access token that was left behind would else link an identity of theirs. */
async function assertMayLink({ presence }: Services, viewer: SignedIn): Promise<void> {
  if (await presence.hasJustSignedIn(viewer)) return
  throw new DarkroomError('presence_required', 'Sign in again, then link within ten minutes.')
}
