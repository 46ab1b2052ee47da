import { isAway } from '../../domain/access.ts'
import { DarkroomError, signInToReturn } from '../../domain/errors.ts'
import { ANONYMOUS, type AnonymousViewer } from '../../domain/viewer.ts'
import type { AccessTokens } from '../../services/accounts/access-tokens.ts'
import { TOKEN_PREFIX, type PersonalTokens } from '../../services/accounts/personal-tokens.ts'
import { step, type ApiContext, type Identity, type SignedIn, type Step } from '../context.ts'
import { countFailuresHere } from './limit.ts'

const BEARER = /^Bearer ([A-Za-z0-9_.~+/=-]{1,2048})$/i

interface Tokens {
  accessTokens: Pick<AccessTokens, 'verify'>
  personalTokens: Pick<PersonalTokens, 'verify'>
}

/**
 * Reads the Authorization header once, before rate limits, which count by account; personal access tokens, which only the database knows, have
 * a limit of their own. It refuses nothing itself; the routes' steps {@link signedIn} and {@link maybeSignedIn} do.
 */
export function identity(tokens: Tokens): Step {
  return step({}, async (ctx, next) => {
    ctx.state.identity = await identityOf(ctx, tokens)
    await next()
  })
}

async function identityOf(ctx: ApiContext, { accessTokens, personalTokens }: Tokens): Promise<Identity> {
  const header = ctx.get('Authorization')
  if (header === '') return { viewer: ANONYMOUS }
  const token = BEARER.exec(header)?.[1]
  if (token === undefined) {
    return {
      viewer: ANONYMOUS,
      refusal: new DarkroomError('unauthenticated', 'Send Authorization: Bearer <accessToken>.'),
    }
  }
  try {
    if (!token.startsWith(TOKEN_PREFIX)) {
      return { viewer: { kind: 'user', ...(await accessTokens.verify(token)) } }
    }
    const verify = () => personalTokens.verify(token)
    const { userId, tokenId, scopes } = await countFailuresHere(ctx, 'token', verify)
    return { viewer: { kind: 'user', userId, sessionId: tokenId }, scopes }
  } catch (error) {
    if (error instanceof DarkroomError) return { viewer: ANONYMOUS, refusal: error }
    throw error
  }
}

/**
 * Access tokens outlive their sessions by minutes: those of sessions that ended, and of an account that is away, are refused.
 * @throws DarkroomError unauthenticated; account_suspended, unless the operation is one `whileSuspended`
 */
async function refuseByStanding(ctx: ApiContext, { userId, sessionId }: SignedIn): Promise<void> {
  const { status, until, endedSessions } = await ctx.services.standings.of(userId)
  if (isAway(status)) throw signInToReturn()
  if (endedSessions.includes(sessionId))
    throw new DarkroomError('unauthenticated', 'The session has ended; sign in again.')
  if (status !== 'suspended' || ctx.state.operation?.whileSuspended) return
  const end = until ? ` until ${until.toISOString()}` : ''
  throw new DarkroomError('account_suspended', `The account is suspended${end}; see GET /v1/me/moderation.`)
}

/** Only for accounts: adds `ctx.viewer`. */
export function signedIn(): Step<unknown, { viewer: SignedIn }> {
  return step<unknown, { viewer: SignedIn }>({ security: 'required' }, async (ctx, next) => {
    const { viewer } = admitted(ctx)
    if (viewer.kind !== 'user') throw new DarkroomError('unauthenticated', 'Sign in first.')
    await refuseByStanding(ctx, viewer)
    ctx.viewer = viewer
    await next()
  })
}

/** For everybody: adds `ctx.viewer`, anonymous without a token. An invalid token is refused, never ignored. */
export function maybeSignedIn(): Step<unknown, { viewer: SignedIn | AnonymousViewer }> {
  return step<unknown, { viewer: SignedIn | AnonymousViewer }>(
    { security: 'optional' },
    async (ctx, next) => {
      const { viewer } = admitted(ctx)
      if (viewer.kind === 'user') await refuseByStanding(ctx, viewer)
      ctx.viewer = viewer
      await next()
    },
  )
}

/** @throws DarkroomError what is wrong with the token, or forbidden if it is not for this route */
function admitted(ctx: ApiContext): Identity {
  const { identity: who, scope } = ctx.state
  if (who.refusal) throw who.refusal
  if (who.scopes === undefined || scope === undefined) return who
  if (scope === 'none') {
    throw new DarkroomError('forbidden', 'Only for a device that signed in, not for personal access tokens.')
  }
  if (!scope.some((one) => who.scopes!.includes(one))) {
    throw new DarkroomError(
      'forbidden',
      `The token is not for this; it needs the scope ${scope.join(' or ')}.`,
    )
  }
  return who
}
