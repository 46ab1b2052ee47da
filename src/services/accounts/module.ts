import type { Clients } from '../clients.ts'
import { createAccessTokens } from './access-tokens.ts'
import { createAccounts } from './accounts.ts'
import { createPasswords } from './passwords.ts'
import { createQuotas } from './quotas.ts'
import { createSessions } from './sessions.ts'
import { createStandings } from './standings.ts'

/** Accounts, their passwords, sessions, access tokens and standings. */
export function openAccounts({ config, db, textRules }: Clients) {
  const passwords = createPasswords()
  const sessions = createSessions({ db, sessionDays: config.SESSION_DAYS })
  return {
    accessTokens: createAccessTokens({ keys: config.jwtKeys, lifetimeSeconds: config.ACCESS_TOKEN_SECONDS }),
    accounts: createAccounts({ db, passwords, sessions, textRules }),
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
