import {
  WebAuthnEmulator,
  AuthenticatorEmulator,
  PasskeysCredentialsMemoryRepository,
} from 'nid-webauthn-emulator'
import type {
  AssertionOptions,
  PasskeyAssertion,
  PasskeyRegistration,
  RegistrationOptions,
} from '../../src/services/accounts/webauthn.ts'

/** A domain that tests bind passkeys to, and a web app there. */
export const PASSKEY_SETTINGS = {
  WEBAUTHN_RP_ID: 'photos.example',
  WEBAUTHN_ORIGINS: 'https://app.photos.example',
}

/** A browser with an authenticator: keys, counts and signatures are real, nobody presses a button. */
export interface Authenticator {
  create(options: RegistrationOptions, origin?: string): PasskeyRegistration
  get(options: AssertionOptions, origin?: string): PasskeyAssertion
  /** With the keys and counts of now, as somebody who cloned it has them. */
  copy(): Authenticator
}

interface AuthenticatorOptions {
  /** By a finger or a PIN. */
  verifiesUser?: boolean
  /** Those that synchronize their keys do not. */
  counts?: boolean
}

export function createAuthenticator(
  options: AuthenticatorOptions = {},
  credentialsRepository = new PasskeysCredentialsMemoryRepository(),
): Authenticator {
  const { verifiesUser = true, counts = true } = options
  const interaction = () => ({ options: { uv: verifiesUser, up: true } })
  const emulator = new WebAuthnEmulator(
    new AuthenticatorEmulator({
      algorithmIdentifiers: ['ES256'],
      signCounterIncrement: counts ? 1 : 0,
      userMakeCredentialInteraction: interaction,
      userGetAssertionInteraction: interaction,
      credentialsRepository,
    }),
  )
  return {
    create: (asked, origin = PASSKEY_SETTINGS.WEBAUTHN_ORIGINS) => emulator.createJSON(origin, asked),
    get: (asked, origin = PASSKEY_SETTINGS.WEBAUTHN_ORIGINS) => emulator.getJSON(origin, asked),
    copy() {
      const copied = new PasskeysCredentialsMemoryRepository()
      for (const credential of credentialsRepository.loadCredentials()) copied.saveCredential(credential)
      return createAuthenticator(options, copied)
    },
  }
}
