import type { Clients } from '../clients.ts'
import { createAccessTokens } from './access-tokens.ts'
import { createAccounts } from './accounts.ts'
import { createChangePassword, createSignOutElsewhere } from './change-password.ts'
import { createDevices } from './devices.ts'
import { createPasswords } from './passwords.ts'
import { createPersonalTokens } from './personal-tokens.ts'
import { createPresence } from './presence.ts'
import { createQuotas } from './quotas.ts'
import { createRefreshTokens } from './refresh-tokens.ts'
import { createSecurityEvents } from './security-events.ts'
import { createSessions } from './sessions.ts'
import { createSignInGuard } from './sign-in-guard.ts'
import { createStandings } from './standings.ts'

/** Accounts, their passwords, sessions, tokens and standings. */
export function openAccounts({ config, db, logger, textRules }: Clients) {
  const passwords = createPasswords()
  const refreshTokens = createRefreshTokens(config.jwtKeys)
  const devices = createDevices(config.jwtKeys, refreshTokens)
  const securityEvents = createSecurityEvents({ devices, logger })
  const sessions = createSessions({
    db,
    sessionDays: config.SESSION_DAYS,
    maxSessionDays: config.SESSION_MAX_DAYS,
    refreshTokens,
    devices,
    securityEvents,
  })
  return {
    accessTokens: createAccessTokens({ keys: config.jwtKeys, lifetimeSeconds: config.ACCESS_TOKEN_SECONDS }),
    refreshTokens,
    accounts: createAccounts({ db, passwords, sessions, textRules }),
    changePassword: createChangePassword({ db, passwords, sessions, securityEvents }),
    signOutElsewhere: createSignOutElsewhere({ db, sessions, securityEvents }),
    signInGuard: createSignInGuard({ primary: db.primary, devices, securityEvents }),
    securityEvents,
    personalTokens: createPersonalTokens({ db, securityEvents }),
    presence: createPresence({ db, passwords }),
    sessions,
    passwords,
    // Suspensions have reached it with their commit, and no account writes its own standing.
    // eslint-disable-next-line no-restricted-syntax -- there is no reader yet: it is asked before any list is read
    standings: createStandings({ query: db.replica }),
    quotas: createQuotas({
      primary: db.primary,
      limits: { bytes: config.MAX_ACCOUNT_BYTES, photos: config.MAX_ACCOUNT_PHOTOS },
    }),
  }
}
