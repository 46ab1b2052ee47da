import { limitAddress, limitedBy } from '../../middlewares/limit.ts'
import { deviceOf, throttleSecondFactor, throttleSignIn } from '../../middlewares/sign-in-throttle.ts'
import { valid } from '../../middlewares/valid.ts'
import type { Routes } from '../../routing.ts'
import { beginSession } from './begin-session.ts'
import { AnswerChallenge, CreateSession, CreateSessionByPasskey, GetSignInOptions } from './sign-in-schema.ts'

/** The ways in: a password, a second factor after it, a passkey alone. */
export function signInRoutes(routes: Routes): void {
  routes.post('/sessions', limitedBy('signIn'), valid(CreateSession), async (ctx) => {
    const { username, password, deviceName: name, refreshToken } = ctx.input.body
    const { accounts, twoFactorSignIn } = ctx.services
    const device = deviceOf(ctx, { name, refreshToken })
    const account = await throttleSignIn(ctx, username, device, () =>
      accounts.authenticate(username, password, device.network),
    )
    await twoFactorSignIn.assertNotRequired(account.userId, device)
    await beginSession(ctx, account, device, 'password')
  })

  routes.post('/sessions/two-factor', limitAddress('signInStep'), valid(AnswerChallenge), async (ctx) => {
    const { challenge, ...proof } = ctx.input.body
    const { accounts, twoFactorSignIn } = ctx.services
    const pending = await twoFactorSignIn.pending(challenge, deviceOf(ctx))
    const complete = () => twoFactorSignIn.complete(challenge, pending, proof)
    // Nobody guesses a signature: a passkey gets in while codes are refused.
    await ('passkey' in proof ? complete() : throttleSecondFactor(ctx, pending, complete))
    const account = await accounts.forSignIn(pending.userId)
    await beginSession(ctx, account, pending.device, 'second factor')
  })

  routes.post(
    '/sessions/passkey/options',
    limitAddress('signInStep'),
    valid(GetSignInOptions),
    async (ctx) => {
      ctx.status = 201
      ctx.set('Cache-Control', 'no-store')
      ctx.body = await ctx.services.twoFactorSignIn.passkeyOptions(deviceOf(ctx))
    },
  )

  routes.post('/sessions/passkey', limitAddress('signInStep'), valid(CreateSessionByPasskey), async (ctx) => {
    const { deviceName: name, refreshToken, ...assertion } = ctx.input.body
    const { accounts, twoFactorSignIn } = ctx.services
    const device = deviceOf(ctx, { name, refreshToken })
    const account = await accounts.forSignIn(await twoFactorSignIn.byPasskey(assertion, device))
    await beginSession(ctx, account, device, 'second factor')
  })
}
