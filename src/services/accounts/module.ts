import type { UserId } from '../../domain/ids.ts'
import { createIdentityProvider } from '../../infra/oidc/identity-provider.ts'
import type { Clients } from '../clients.ts'
import type { Delivery } from '../delivery/module.ts'
import { createAccessTokens } from './access-tokens.ts'
import { createAccounts } from './accounts.ts'
import { createChangePassword, createSignOutElsewhere } from './change-password.ts'
import { createDevices } from './devices.ts'
import { createExternalIdentities } from './external-identities.ts'
import { createExternalSignIns } from './external-sign-in.ts'
import { createPasswords } from './passwords.ts'
import { createPasskeys } from './passkeys.ts'
import { createPersonalTokens } from './personal-tokens.ts'
import { createPresence } from './presence.ts'
import { createQuotas } from './quotas.ts'
import { createRecoveryCodes } from './recovery-codes.ts'
import { createRefreshTokens } from './refresh-tokens.ts'
import { createNameDigest } from './name-digest.ts'
import { createReservedNames } from './reserved-names.ts'
import { createSealedSecrets } from './sealed-secrets.ts'
import { createUseSecondFactor, hasProvenFactor, secondFactorsOf } from './second-factors.ts'
import { createSecurityEvents } from './security-events.ts'
import { createSessions } from './sessions.ts'
import { createSignInGuard } from './sign-in-guard.ts'
import { createStandings } from './standings.ts'
import { createTotp } from './totp.ts'
import { createTwoFactorSignIn } from './two-factor-sign-in.ts'
import { createUsePasskey } from './use-passkey.ts'
import { createWebAuthn } from './webauthn.ts'

/** Accounts, their passwords, second factors, sessions, tokens and standings. */
export function openAccounts({ config, db, logger, textRules }: Clients, { outbox }: Delivery) {
  const { SERVICE_NAME: serviceName } = config
  const passwords = createPasswords()
  const refreshTokens = createRefreshTokens(config.jwtKeys)
  const devices = createDevices(config.jwtKeys, refreshTokens)
  const securityEvents = createSecurityEvents({ devices, logger })
  const reservedNames = createReservedNames(config.jwtKeys)
  const sessions = createSessions({
    db,
    outbox,
    sessionDays: config.SESSION_DAYS,
    maxSessionDays: config.SESSION_MAX_DAYS,
    refreshTokens,
    devices,
    securityEvents,
  })
  const totp = createTotp({
    db,
    secrets: createSealedSecrets(config.totpKeys, 'darkroom totp'),
    securityEvents,
    issuer: serviceName,
  })
  const recoveryCodes = createRecoveryCodes({ db, securityEvents })
  const webAuthn = createWebAuthn(config.relyingParty)
  const passkeys = createPasskeys({ db, webAuthn, securityEvents })
  const usePasskey = createUsePasskey({ webAuthn, securityEvents })
  const useSecondFactor = createUseSecondFactor({ totp, recoveryCodes, usePasskey })
  const accounts = createAccounts({ db, passwords, sessions, reservedNames, textRules, serviceName })
  const presence = createPresence({ db, passwords, passkeys, useSecondFactor })
  const providers = config.identityProviders.map(
    (one) => [one.name, createIdentityProvider(one, logger)] as const,
  )
  const externalIdentities = createExternalIdentities({
    db,
    securityEvents,
    issuers: providers.map(([, { issuer }]) => issuer),
  })
  return {
    accessTokens: createAccessTokens({ keys: config.jwtKeys, lifetimeSeconds: config.ACCESS_TOKEN_SECONDS }),
    refreshTokens,
    accounts,
    externalIdentities,
    externalSignIns: createExternalSignIns({
      db,
      providers: new Map(providers),
      identities: externalIdentities,
      accounts,
    }),
    changePassword: createChangePassword({ db, passwords, sessions, securityEvents, presence, serviceName }),
    signOutElsewhere: createSignOutElsewhere({ db, sessions, securityEvents }),
    signInGuard: createSignInGuard({
      primary: db.primary,
      devices,
      securityEvents,
      nameDigest: createNameDigest(config.jwtKeys[0]!.secret, 'darkroom sign-in counters'),
    }),
    securityEvents,
    personalTokens: createPersonalTokens({ db, securityEvents }),
    totp,
    recoveryCodes,
    passkeys,
    secondFactorsOf: (userId: UserId) => secondFactorsOf(db.primary, userId),
    hasProvenFactor: (viewer: { userId: UserId; sessionId: string }) => hasProvenFactor(db.primary, viewer),
    twoFactorSignIn: createTwoFactorSignIn({ db, devices, passkeys, webAuthn, usePasskey, useSecondFactor }),
    presence,
    sessions,
    reservedNames,
    passwords,
    // Suspensions and deactivations have reached it with their commit.
    // eslint-disable-next-line no-restricted-syntax -- there is no reader yet: it is asked before any list is read
    standings: createStandings({ query: db.replica, primary: db.primary }),
    quotas: createQuotas({
      primary: db.primary,
      limits: { bytes: config.MAX_ACCOUNT_BYTES, photos: config.MAX_ACCOUNT_PHOTOS },
    }),
  }
}
