import { ConfigError } from './config-error.ts'
import type { Settings } from './settings.ts'

/** A browser keeps passkeys for a domain, and gives them to pages of it and of the domains below it alone. */
const isBelow = (origin: string, rpId: string) => {
  const { hostname } = new URL(origin)
  return hostname === rpId || hostname.endsWith(`.${rpId}`)
}

/**
 * Whom passkeys are bound to: by default the domain of PUBLIC_URL, for it and those of CORS_ORIGINS that are below it. Apps name their
 * origins themselves (`android:apk-key-hash:…`).
 * @throws ConfigError for an origin that no browser would let use the passkeys
 */
export function relyingPartyOf(settings: Settings): { id: string; name: string; origins: string[] } {
  const { PUBLIC_URL, CORS_ORIGINS, SERVICE_NAME: name, WEBAUTHN_ORIGINS: given } = settings
  const id = settings.WEBAUTHN_RP_ID ?? new URL(PUBLIC_URL).hostname
  const foreign = given.filter(
    (origin) => /^https?:/.test(origin) && !(URL.canParse(origin) && isBelow(origin, id)),
  )
  if (foreign.length > 0)
    throw new ConfigError(`WEBAUTHN_ORIGINS: not below WEBAUTHN_RP_ID (${id}): ${foreign.join(', ')}`)
  if (given.length > 0) return { id, name, origins: given }
  const candidates = [new URL(PUBLIC_URL).origin, ...CORS_ORIGINS]
  const origins = candidates.filter((origin) => URL.canParse(origin) && isBelow(origin, id))
  return { id, name, origins: [...new Set(origins)] }
}
