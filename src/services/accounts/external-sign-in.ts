import { DarkroomError, notFound } from '../../domain/errors.ts'
import type { UserId } from '../../domain/ids.ts'
import type { Database } from '../../infra/db/database.ts'
import type { IdentityProvider, ProviderAnswer } from '../../infra/oidc/identity-provider.ts'
import type { Account, Accounts } from './accounts.ts'
import type { Device } from './devices.ts'
import type { ExternalIdentities, ShownIdentity } from './external-identities.ts'
import { issueTicket, newState, secretsOf, storeState, takeState, takeTicket } from './external-states.ts'
import type { OpenSession } from './sessions.ts'

/** What became of a provider's answer: somebody signs in, on the device as it was told of at the start, or linked an account. */
type ExternalOutcome = { signsIn: UserId; device: Device } | { linked: ShownIdentity; userId: UserId }

export interface ExternalSignIns {
  /** What paths call a provider; undefined if there is no such one any more. */
  nameOf: (issuer: string) => string | undefined
  /**
   * Begins to sign in through a provider, or to link the account of a session.
   * @returns where the browser goes, and the secret that it has to keep until it comes back
   * @throws DarkroomError not_found (no such provider), unavailable
   */
  begin(
    provider: string,
    device: Device,
    linkTo: { userId: UserId; sessionId: string } | null,
  ): Promise<{ url: string; binding: string }>
  /**
   * Takes the provider's answer, once, from the browser that began.
   * @throws DarkroomError sign_up_required with a ticket, if no account has the identity; not_found, unauthenticated, provider_refused,
   *   unavailable; of a link identity_taken, quota_exceeded
   */
  finish(
    provider: string,
    from: { binding: string | undefined; device: Device },
    answer: ProviderAnswer,
  ): Promise<ExternalOutcome>
  /**
   * Makes an account without a password for somebody with a ticket, and signs the device in.
   * @throws DarkroomError not_found, unauthenticated (the ticket), username_taken, identity_taken, invalid
   */
  signUp(
    provider: string,
    ticket: string,
    account: { username: string; displayName: string | null },
    device: Device,
  ): Promise<{ account: Account; session: OpenSession }>
}

interface ExternalSignInsDeps {
  db: Database
  /** By the names that paths give them. */
  providers: ReadonlyMap<string, IdentityProvider>
  identities: Pick<ExternalIdentities, 'use' | 'link' | 'addWithin'>
  accounts: Pick<Accounts, 'registerWithin'>
}

export function createExternalSignIns(deps: ExternalSignInsDeps): ExternalSignIns {
  const { db, providers, identities, accounts } = deps

  function providerOf(name: string): IdentityProvider {
    const provider = providers.get(name)
    if (!provider) throw notFound('provider')
    return provider
  }

  const names = new Map([...providers].map(([name, { issuer }]) => [issuer, name]))

  return {
    nameOf: (issuer) => names.get(issuer),

    async begin(name, device, linkTo) {
      const provider = providerOf(name)
      const begun = newState()
      // First, so that nothing is stored while the provider is down.
      const url = await provider.authorizationUrl(begun.secrets)
      const { issuer } = provider
      await storeState(db.primary, begun, { issuer, linkTo, deviceName: device.name ?? null })
      return { url, binding: begun.binding }
    },

    async finish(name, { binding, device }, answer) {
      const provider = providerOf(name)
      const { issuer } = provider
      const taken = binding && (await takeState(db.primary, issuer, answer.state, binding))
      if (!taken) throw stateGone()
      const subject = await provider.subjectOf(answer, secretsOf(answer.state, binding))
      const identity = { issuer, subject }
      const { user_id: linksTo, session_id: sessionId, device_name: deviceName } = taken
      if (linksTo !== null)
        return {
          linked: await identities.link({ userId: linksTo, sessionId: sessionId! }, identity, device),
          userId: linksTo,
        }
      const signsIn = await identities.use(identity)
      if (signsIn !== undefined) return { signsIn, device: { ...device, name: deviceName } }
      throw new DarkroomError('sign_up_required', 'No account has this identity yet; choose a username.', {
        members: { ticket: await issueTicket(db.primary, { ...identity, deviceName }) },
      })
    },

    async signUp(name, ticket, account, device) {
      const { issuer } = providerOf(name)
      return db.transaction(async (tx) => {
        // The lock on the ticket makes two sign-ups at once come one after the other.
        const taken = await takeTicket(tx.query, issuer, ticket)
        if (!taken) throw ticketGone()
        const { subject, device_name: deviceName } = taken
        const made = await accounts.registerWithin(tx, account, {
          ...device,
          name: device.name ?? deviceName,
        })
        await identities.addWithin(tx, made.account.userId, { issuer, subject })
        return made
      })
    },
  }
}

const stateGone = () =>
  new DarkroomError(
    'unauthenticated',
    'The sign-in was finished, has expired or was begun in another browser; begin again.',
  )

const ticketGone = () =>
  new DarkroomError('unauthenticated', 'The ticket was used or has expired; begin again with the provider.')
