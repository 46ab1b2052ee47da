import { DarkroomError } from '../../domain/errors.ts'
import { ANONYMOUS, type AnonymousViewer } from '../../domain/viewer.ts'
import { step, type ApiContext, type Identity, type SignedIn, type Step } from '../context.ts'
import type { AccessTokens } from '../../services/accounts/access-tokens.ts'

const BEARER = /^Bearer ([A-Za-z0-9_.~+/=-]{1,2048})$/i

/**
 * Reads the Authorization header once, before rate limits, which count by account. It refuses
 * nothing itself; the routes' steps {@link signedIn} and {@link maybeSignedIn} do.
 */
export function identity(tokens: AccessTokens): Step {
  return step({}, async (ctx, next) => {
    ctx.state.identity = await identityOf(ctx.get('Authorization'), tokens)
    await next()
  })
}

async function identityOf(header: string, tokens: AccessTokens): Promise<Identity> {
  if (header === '') return { viewer: ANONYMOUS }
  const token = BEARER.exec(header)?.[1]
  if (token === undefined) {
    return {
      viewer: ANONYMOUS,
      refusal: new DarkroomError('unauthenticated', 'Send Authorization: Bearer <accessToken>.'),
    }
  }
  try {
    return { viewer: { kind: 'user', ...(await tokens.verify(token)) } }
  } catch (error) {
    if (error instanceof DarkroomError) return { viewer: ANONYMOUS, refusal: error }
    throw error
  }
}

/** @throws DarkroomError account_suspended, unless the operation is one `whileSuspended` */
async function refuseSuspended(ctx: ApiContext, { userId }: SignedIn): Promise<void> {
  if (ctx.state.operation?.whileSuspended) return
  const { status, until } = await ctx.services.standings.of(userId)
  if (status !== 'suspended') return
  const end = until ? ` until ${until.toISOString()}` : ''
  throw new DarkroomError('account_suspended', `The account is suspended${end}; see GET /v1/me/moderation.`)
}

/** Only for accounts: adds `ctx.viewer`. */
export function signedIn(): Step<unknown, { viewer: SignedIn }> {
  return step<unknown, { viewer: SignedIn }>({ security: 'required' }, async (ctx, next) => {
    const { viewer, refusal } = ctx.state.identity
    if (refusal) throw refusal
    if (viewer.kind !== 'user') throw new DarkroomError('unauthenticated', 'Sign in first.')
    await refuseSuspended(ctx, viewer)
    ctx.viewer = viewer
    await next()
  })
}

/** For everybody: adds `ctx.viewer`, anonymous without a token. An invalid token is refused, never ignored. */
export function maybeSignedIn(): Step<unknown, { viewer: SignedIn | AnonymousViewer }> {
  return step<unknown, { viewer: SignedIn | AnonymousViewer }>(
    { security: 'optional' },
    async (ctx, next) => {
      const { viewer, refusal } = ctx.state.identity
      if (refusal) throw refusal
      if (viewer.kind === 'user') await refuseSuspended(ctx, viewer)
      ctx.viewer = viewer
      await next()
    },
  )
}
