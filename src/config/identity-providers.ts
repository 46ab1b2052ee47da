import { z } from 'zod'
import { ConfigError } from './config-error.ts'
import type { Settings } from './settings.ts'

/** Who vouches for people that sign in (OpenID Connect). */
export interface IdentityProviderSettings {
  /** What paths call it. */
  name: string
  issuer: string
  clientId: string
  clientSecret: string
  /** Where it sends browsers back to: the callback itself, or a page that calls it. */
  redirectUri: string
}

const NAME = /^[a-z0-9][a-z0-9-]{0,31}$/
const LOOPBACK = new Set(['127.0.0.1', '[::1]', 'localhost'])

const providersSchema = z.array(
  z.strictObject({
    name: z.string().regex(NAME, 'at most 32 of a-z, 0-9 and -'),
    issuer: z.url({ protocol: /^https?$/ }).max(255),
    clientId: z.string().min(1),
    clientSecret: z.string().min(1),
    redirectUri: z.url().optional(),
  }),
)

/**
 * The providers of OIDC_PROVIDERS. Without TLS one could be anybody, so that http is for loopback alone, and never in production.
 * @throws ConfigError without the value, which holds secrets
 */
export function identityProvidersOf(settings: Settings): IdentityProviderSettings[] {
  const { OIDC_PROVIDERS: text, PUBLIC_URL, NODE_ENV } = settings
  if (text === undefined) return []
  const parsed = providersSchema.safeParse(parseJson(text))
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    const where = issue?.path.join('.') || 'a JSON list'
    throw new ConfigError(`OIDC_PROVIDERS: ${where}: ${issue?.message}`)
  }
  const unsafe = parsed.data.filter(({ issuer }) => {
    const { protocol, hostname } = new URL(issuer)
    return protocol !== 'https:' && (NODE_ENV === 'production' || !LOOPBACK.has(hostname))
  })
  if (unsafe.length > 0)
    throw new ConfigError(`OIDC_PROVIDERS: https expected: ${unsafe.map(({ issuer }) => issuer).join(', ')}`)
  // An identity is an issuer and a subject: two clients of one issuer would be one provider under two names.
  for (const key of ['name', 'issuer'] as const) {
    if (new Set(parsed.data.map((one) => one[key])).size < parsed.data.length)
      throw new ConfigError(`OIDC_PROVIDERS: each ${key} once`)
  }
  return parsed.data.map((provider) => ({
    ...provider,
    redirectUri: provider.redirectUri ?? new URL(`/v1/auth/${provider.name}/callback`, PUBLIC_URL).href,
  }))
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
