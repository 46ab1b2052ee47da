import * as oidc from 'openid-client'
import { DarkroomError } from '../../domain/errors.ts'
import type { IdentityProviderSettings } from '../../config/identity-providers.ts'
import {
  identityProviderAsked,
  identityProviderConfigured,
} from '../../observability/identity-provider-events.ts'
import type { Logger } from '../../observability/logger.ts'

/** What one browser's sign-in is recognized by; none of it is used twice. */
interface SignInSecrets {
  state: string
  nonce: string
  codeVerifier: string
}

/** What the provider sent the browser back with. */
export interface ProviderAnswer {
  state: string
  code?: string | undefined
  iss?: string | undefined
  error?: string | undefined
}

/** A provider of OpenID Connect, which vouches that somebody is the one that it calls by a subject. */
export interface IdentityProvider {
  issuer: string
  /** Where the browser goes to sign in. @throws DarkroomError unavailable */
  authorizationUrl(secrets: SignInSecrets): Promise<string>
  /**
   * Whom the answer vouches for: exchanges its code, and checks the ID token.
   * @throws DarkroomError provider_refused, unavailable
   */
  subjectOf(answer: ProviderAnswer, secrets: SignInSecrets): Promise<string>
}

/** Of each request to the provider: somebody waits before a browser. */
const TIMEOUT_SECONDS = 5
/** After so long, a provider's endpoints are asked for again; its keys are whenever a token names one that is not known. */
const REDISCOVER_MS = 3_600_000
/** Those by which nobody but the provider signs. With HS256, whoever has the client's secret would; with none, anybody. */
const ALGORITHMS = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512'],
  ...['EdDSA', 'Ed25519'],
]
/** The specification's own limit. */
const MAX_SUBJECT = 255

/** @param settings checked by the config: an issuer without TLS is one of this machine, outside production */
export function createIdentityProvider(settings: IdentityProviderSettings, logger: Logger): IdentityProvider {
  const { name, issuer, redirectUri } = settings
  identityProviderConfigured(name)
  let known: { configuration: Promise<oidc.Configuration>; staleAtMs: number } | undefined

  /** Once for all who wait; a failure is not remembered. */
  function configured(): Promise<oidc.Configuration> {
    if (known && Date.now() < known.staleAtMs) return known.configuration
    const configuration = discover(settings)
    const entry = { configuration, staleAtMs: Date.now() + REDISCOVER_MS }
    known = entry
    // Once for each time that it is asked, however many wait.
    configuration.then(
      () => identityProviderAsked(name, 'discovery', 'answered'),
      () => {
        identityProviderAsked(name, 'discovery', 'down')
        if (known === entry) known = undefined
      },
    )
    return configuration.catch((error: unknown) => {
      logger.error({ provider: name, err: error }, 'identity provider not discovered')
      throw isDown(name, error)
    })
  }

  return {
    issuer,

    async authorizationUrl({ state, nonce, codeVerifier }) {
      const url = oidc.buildAuthorizationUrl(await configured(), {
        redirect_uri: redirectUri,
        // No name, no e-mail: nothing of the person but the subject is needed.
        scope: 'openid',
        response_mode: 'query',
        state,
        nonce,
        code_challenge: await oidc.calculatePKCECodeChallenge(codeVerifier),
        code_challenge_method: 'S256',
      })
      return url.href
    },

    async subjectOf(answer, { state, nonce, codeVerifier }) {
      if (answer.error !== undefined) throw refusalOf(name, answer.error)
      const configuration = await configured()
      const url = new URL(redirectUri)
      const { code, iss } = answer
      url.search = new URLSearchParams({ state, ...(code && { code }), ...(iss && { iss }) }).toString()
      try {
        const tokens = await oidc.authorizationCodeGrant(configuration, url, {
          expectedState: state,
          expectedNonce: nonce,
          pkceCodeVerifier: codeVerifier,
          idTokenExpected: true,
        })
        const { sub } = tokens.claims()!
        if (sub.length > MAX_SUBJECT || !/^[\x20-\x7e]+$/.test(sub)) throw new Error('subject is not ASCII')
        identityProviderAsked(name, 'token', 'answered')
        return sub
      } catch (error) {
        const isOutage = isOutageOf(error)
        identityProviderAsked(name, 'token', isOutage ? 'down' : 'refused')
        logger[isOutage ? 'error' : 'warn']({ provider: name, err: told(error) }, 'sign-in not vouched for')
        throw isOutage ? isDown(name) : isRefused(name, 'its answer is not valid')
      }
    },
  }
}

async function discover({ issuer, clientId, clientSecret }: IdentityProviderSettings) {
  const extensions = [
    // Also of a token that came by TLS from the provider itself; by keys of its `jwks_uri` alone, whatever a header names.
    oidc.enableNonRepudiationChecks,
    ...(issuer.startsWith('http:') ? [oidc.allowInsecureRequests] : []),
  ]
  const found = await oidc.discovery(new URL(issuer), clientId, undefined, undefined, {
    timeout: TIMEOUT_SECONDS,
    execute: extensions,
  })
  const server: oidc.ServerMetadata = found.serverMetadata()
  // The library lets an issuer of Microsoft stand for all its tenants.
  if (server.issuer !== issuer) throw new Error(`the issuer calls itself ${server.issuer}`)
  const offered = server.id_token_signing_alg_values_supported ?? ['RS256']
  const methods = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic']
  const configuration = new oidc.Configuration(
    { ...server, id_token_signing_alg_values_supported: offered.filter((alg) => ALGORITHMS.includes(alg)) },
    clientId,
    undefined,
    methods.includes('client_secret_basic')
      ? oidc.ClientSecretBasic(clientSecret)
      : oidc.ClientSecretPost(clientSecret),
  )
  configuration.timeout = TIMEOUT_SECONDS
  for (const extend of extensions) extend(configuration)
  return configuration
}

/** The codes of RFC 6749, 4.1.2.1, which came by the browser and may be anybody's words. */
function refusalOf(name: string, error: string): DarkroomError {
  if (error === 'server_error' || error === 'temporarily_unavailable') return isDown(name)
  return isRefused(name, error === 'access_denied' ? 'you or it declined' : 'it did not take the request')
}

/** Also if it does not know the service: no person who signs in can do anything about that. */
function isOutageOf(error: unknown): boolean {
  if (error instanceof DarkroomError) return error.code === 'unavailable'
  if (error instanceof oidc.WWWAuthenticateChallengeError) return true
  if (error instanceof oidc.ResponseBodyError)
    return error.status >= 500 || ['invalid_client', 'unauthorized_client'].includes(error.error)
  if (error instanceof oidc.ClientError && error.code === 'OAUTH_RESPONSE_IS_NOT_CONFORM')
    return !(error.cause instanceof Response && error.cause.status < 500)
  return (
    error instanceof TypeError ||
    (error instanceof oidc.ClientError && /TIMEOUT|ABORT/.test(error.code ?? ''))
  )
}

/** Without causes, which hold tokens. */
const told = (error: unknown) =>
  error instanceof Error
    ? { type: error.name, message: error.message, code: (error as { code?: unknown }).code }
    : undefined

const isDown = (name: string, cause?: unknown) =>
  new DarkroomError(
    'unavailable',
    `The provider ${name} does not answer; try again, or sign in another way.`,
    {
      retryAfterSeconds: 30,
      cause,
    },
  )

const isRefused = (name: string, why: string) =>
  new DarkroomError('provider_refused', `The provider ${name} did not vouch for you: ${why}. Begin again.`)
